// What strangers can do on a server that listens off this machine, said once at its start: whoever opens a port to a
// network should have read it.
//
//   openToStrangers("0.0.0.0", { playerToken: undefined })     // ["Anybody who reaches the game port may play: ...", ...]
//   openToStrangers("127.0.0.1", {})                            // []

import { isLoopback } from "../shared/address.ts";

/** A sentence for each thing that asks for no token; none on loopback. The operators' token is never missing off it. */
export function openToStrangers(host: string, { playerToken }: { playerToken?: string | undefined }): string[] {
  if (isLoopback(host)) return [];
  const play =
    "Anybody who reaches the game port may play; --player-token or WOWSIM_PLAYER_TOKEN asks players for one.";
  return [
    ...(playerToken === undefined || playerToken === "" ? [play] : []),
    "Anybody who reaches the HTTP port is told by /healthz and /readyz how the server and its zones are.",
    "Nothing is encrypted, tokens neither: on a network you do not trust, put a tunnel in front.",
  ];
}
