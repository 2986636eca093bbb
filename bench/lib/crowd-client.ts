// The connection of one player of a crowd, who lives in a zone of their own number.
//
//   const client = new GameClient({ ...crowdClient(order, 12), stats, protocol: "binary" })

import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";

export interface CrowdOrder {
  port: number;
  zones: number;
  seed: number;
}

/** `index`: of the player in the whole crowd, from 0. */
export function crowdClient(
  { port, zones, seed }: CrowdOrder,
  index: number,
): { host: string; port: number; name: string; zone: number; random: () => number; looksLater: true } {
  return {
    host: "127.0.0.1",
    port,
    name: `Player ${index + 1}`,
    zone: (index % zones) + 1,
    random: seededRandom(seedOf(seed, "client", index)),
    looksLater: true,
  };
}
