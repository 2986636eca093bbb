// What the journals of a running cluster have: every zone is read from its stream as the next owner would, restored, and run to its
// end, hash by hash.
//
//   await using look = await ClusterLook.open(cluster.busFile, "world.toml")
//   (await look.look(known)).players.get(12)       // { zones: [3], acked: 812 }
//
// The zones play on while one stream is read after the other, so a player who crosses meanwhile may be found in two zones or in none.
// Who is not where one of `known` has to be is looked for again: only what stays wrong is told.

import { TRANSFER_ACK } from "../../assembly/abi.ts";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { Bus } from "../bus/bus.ts";
import { BusNames } from "../bus/subjects.ts";
import { findZone } from "../bus/zone-found.ts";
import { ZoneStream } from "../bus/zone-stream.ts";
import { wordAt } from "../protocol/assert.ts";
import { loadWorld } from "../protocol/content/load.ts";
import type { World } from "../protocol/content/content.ts";
import type { FoundZone } from "../shared/journal-messages.ts";
import { busOf } from "../../tools/cluster/cluster-file.ts";
import { reviveZones } from "./journal-look.ts";
import type { FoundPlayers } from "./journal-look.ts";

const TRIES_MAX = 8;

interface Told {
  session: number;
  acked: number;
}

export class ClusterLook implements AsyncDisposable {
  readonly #bus: Bus;
  readonly #world: World;
  readonly #kernels: ReadonlyMap<string, Kernel>;
  readonly #streams: readonly ZoneStream[];

  static async open(busFile: string, worldFile: string): Promise<ClusterLook> {
    const bus = await Bus.connect({ ...busOf(busFile, "host"), name: "look" });
    const world = await loadWorld(worldFile);
    const kernel = loadKernel(await Bun.file(await ensureKernel()).bytes(), "look");
    const streams = await Promise.all(world.zones.map(({ id }) => ZoneStream.open(bus, new BusNames(), id)));
    return new ClusterLook(bus, world, new Map([[kernel.hash, kernel]]), streams);
  }

  private constructor(bus: Bus, world: World, kernels: ReadonlyMap<string, Kernel>, streams: readonly ZoneStream[]) {
    [this.#bus, this.#world, this.#kernels, this.#streams] = [bus, world, kernels, streams];
  }

  /** `known`: whom to look for, with what they have been told before. */
  async look(known: readonly Told[]): Promise<FoundPlayers> {
    const problems = new Set<string>();
    const players: FoundPlayers["players"] = new Map();
    const isRight = ({ session, acked }: Told): boolean => {
      const found = players.get(session);
      return found !== undefined ? found.zones.length <= 1 && found.acked >= acked : acked === 0;
    };
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const looked = await this.#lookOnce();
      for (const problem of looked.problems) problems.add(problem);
      for (const told of known) {
        const found = looked.players.get(told.session);
        if (!isRight(told) && found !== undefined) players.set(told.session, found);
      }
      if (known.every(isRight)) break;
    }
    return { problems: [...problems], players };
  }

  async #lookOnce(): Promise<FoundPlayers> {
    const found = await Promise.all(this.#streams.map((stream) => read(stream)));
    const { problems, reports } = reviveZones(
      found.map((each) => each.found),
      this.#world,
      this.#kernels,
    );
    const players: FoundPlayers["players"] = new Map();
    for (const { zoneId, players: there } of reports)
      for (const { session, ack } of there) {
        const { zones = [], acked = 0 } = players.get(session) ?? {};
        players.set(session, { zones: [...zones, zoneId], acked: Math.max(acked, ack) });
      }
    for (const { crossings } of found)
      for (const { session, words } of crossings)
        if (!players.has(session)) players.set(session, { zones: [], acked: wordAt(words, TRANSFER_ACK) });
    return { problems: [...found.flatMap(({ found: { problems: damage } }) => damage), ...problems], players };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bus.close();
  }
}

async function read(
  stream: ZoneStream,
): Promise<{ found: FoundZone; crossings: { session: number; words: Uint32Array }[] }> {
  const { sequence } = await stream.last();
  return await findZone(stream, sequence);
}
