// What unknown clients can do on a server that listens beyond this machine. The server prints it once at the start, so
// that whoever opens a port to a network has read it.
//
//   openToStrangers("0.0.0.0", { playerToken: undefined })     // ["Anybody who reaches the game port may play: ...", ...]
//   openToStrangers("127.0.0.1", {})                            // []

import { isLoopback } from "../shared/address.ts";

/** Shorter tokens can be guessed: a right token is never delayed, so guesses are not slowed down either. */
const TOKEN_CHARACTERS_MIN = 16;

export interface Tokens {
  token?: string | undefined;
  playerToken?: string | undefined;
}

/**
 * One sentence for each port that needs no token, or a token that can be guessed; empty on loopback. Off loopback, the
 * operators' token is always set.
 */
export function openToStrangers(host: string, { token, playerToken }: Tokens): string[] {
  if (isLoopback(host)) return [];
  const play =
    "Anybody who reaches the game port may play; --player-token or WOWSIM_PLAYER_TOKEN asks players for one.";
  return [
    ...(playerToken === undefined || playerToken === "" ? [play] : []),
    ...weak("operators'", token),
    ...weak("players'", playerToken),
    "Anybody who reaches the HTTP port is told by /healthz and /readyz how the server and its zones are.",
    "Nothing is encrypted, tokens neither: on a network you do not trust, put a tunnel in front.",
  ];
}

function weak(whose: string, token = ""): string[] {
  if (token === "" || token.length >= TOKEN_CHARACTERS_MIN) return [];
  const characters = `${token.length} ${token.length === 1 ? "character" : "characters"}`;
  return [
    `The ${whose} token has ${characters}, and thousands can be tried a second: take a long random one, such as openssl rand -hex 16 prints.`,
  ];
}
