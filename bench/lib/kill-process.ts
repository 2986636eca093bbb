// The players of bench/server-kill.ts, a process of their own. It is asked in lines, and answers each with a line:
//
//   > {"do":"settle","msMax":10000}     < {"took":[312,330,...],"playing":100,"errors":0,"examples":[],"restarted":0}
//   > {"do":"known"}                    < [{"session":12,"name":"Hero 1","acked":40,"sent":43},...]
//   > {"do":"compare"}                  < {"checks":8,"differing":0,...}
//   > {"do":"stop"}                     it ends

import { createInterface } from "node:readline";
import { KillPlayers } from "../../server/testing/kill-players.ts";
import type { KillPlayersOptions } from "../../server/testing/kill-players.ts";

export type KillRequest = { do: "known" | "compare" | "stop" } | { do: "settle"; msMax: number };

export interface Settled {
  /** Milliseconds from the request until each played. */
  took: number[];
  errors: number;
  examples: string[];
  /** Sessions that were begun anew, though the player wanted to resume one. */
  restarted: number;
  refusals: string[];
}

const players = await KillPlayers.start(JSON.parse(process.argv[2] ?? "{}") as KillPlayersOptions);
process.stdout.write(`{"playing":${players.clients.length}}\n`);

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as KillRequest))}\n`);
process.exit(0);

async function answer(request: KillRequest): Promise<unknown> {
  switch (request.do) {
    case "settle": {
      const took = await players.untilAllPlay(request.msMax);
      return { took, ...players.report } satisfies Settled;
    }
    case "known":
      return players.known();
    case "compare":
      return await players.compare();
    case "stop":
      await players.stop();
      process.exit(0);
  }
}
