// Players walk to and fro between two zones that crash in any tick, also in the very one in which somebody leaves or comes
// in: each is at every instant in one zone or between them, never in both, and both zones are what they would be had
// nothing crashed.

import { test } from "bun:test";
import fc from "fast-check";
import { JOIN_WATCHES, OP_JOIN, OP_MOVE, OP_SPIN, OP_TRAP } from "../../assembly/abi.ts";
import type { ZoneContent } from "../../server/protocol/content/content.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { arrivalRecords } from "../../server/shared/transfer.ts";
import type { Crossing } from "../../server/shared/transfer.ts";
import { DEPARTED, ENTERED, IS_THERE } from "../../server/shared/ring-records.ts";
import type { Command } from "../helpers/zone-commands.ts";
import { RunnerBench } from "../helpers/zone-runner.ts";
import { stateOf } from "../helpers/zone.ts";

const { zones } = await loadWorld("server/protocol/content/worlds/crossroads.toml");
const SESSIONS = [1, 2, 3];

/** Two zones, and what the main thread does between them. */
class Pair {
  readonly zones: RunnerBench[];
  /** Who is between the zones, as the main thread holds them. */
  readonly held = new Map<number, Crossing>();
  crossings = 0;

  static async start(): Promise<Pair> {
    return new Pair(await Promise.all(zones.map((zone: ZoneContent) => RunnerBench.start({ zone }))));
  }

  private constructor(benches: RunnerBench[]) {
    this.zones = benches;
    benches[0]!.give(...SESSIONS.map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 })));
  }

  /** One tick of zone `index`, and of what it tells. */
  tick(index: number, commands: Command[]): void {
    const bench = this.zones[index]!;
    bench.give(...commands);
    bench.tick();
    const { view } = bench.output;
    bench.output.drain((offset, length) => {
      const kind = view.getUint32(offset, true);
      if (kind === DEPARTED.kind) this.#hold(DEPARTED.read(view, offset, length, DEPARTED.empty()));
      if (kind !== ENTERED.kind) return;
      const { outcome, session } = ENTERED.read(view, offset, length, ENTERED.empty());
      if (outcome !== IS_THERE) throw new Error("Somebody was not let in.");
      this.held.delete(session);
    });
  }

  owners(session: number): number {
    return this.zones.filter(({ runner }) => runner.zone.entities.positionOf(session) !== null).length;
  }

  /** Somebody of the zone stands in its portal: they leave with its next tick. */
  isLeaving(index: number): boolean {
    const { entities } = this.zones[index]!.runner.zone;
    return SESSIONS.some((session) => Math.abs(entities.positionOf(session)?.x ?? 0) >= 15);
  }

  #hold(crossing: Crossing): void {
    if (this.held.has(crossing.session)) throw new Error(`Player ${crossing.session} departed twice.`);
    this.held.set(crossing.session, crossing);
    this.crossings++;
    const bench = this.zones[crossing.to - 1]!;
    const records = arrivalRecords(crossing, crossing.at, JOIN_WATCHES, this.crossings);
    bench.runner.acceptArrival(new Uint32Array(records.buffer));
  }
}

const poison = fc.constantFrom<Command[]>([], [], [{ op: OP_TRAP }], [{ op: OP_SPIN }, { op: OP_TRAP }]);
/** Which zone ticks, who of those in it heads for the portal, and what kills the tick. */
const step = fc.record({ index: fc.nat(1), session: fc.constantFrom(...SESSIONS), poison });
/** Beyond each zone's portal. */
const BEYOND = [25, -25];

let crossings = 0;

test("one who crosses is in one zone or between two, whatever crashes when", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 150, maxLength: 250 }), async (steps) => {
      const [pair, twin] = [await Pair.start(), await Pair.start()];
      let seq = 0;
      for (const { index, session, poison: deadly } of steps) {
        const move = { op: OP_MOVE, session, seq: ++seq, x: BEYOND[index]!, y: 0 };
        // Not more than a zone bears: the ticks in which somebody leaves or comes in, and some others.
        const isDeadly = seq % 9 === 0 || pair.held.size > 0 || pair.isLeaving(index);
        pair.tick(index, [move, ...(isDeadly ? deadly : [])]);
        twin.tick(index, [move]);
        for (const who of SESSIONS) {
          const [owners, between] = [pair.owners(who), pair.held.has(who) ? 1 : 0];
          if (owners + between !== 1 && pair.zones[0]!.runner.zone.tick > 0)
            throw new Error(`Player ${who} is in ${owners} zones and ${between} times between them.`);
        }
        for (const [zone, other] of pair.zones.map((bench, at) => [bench, twin.zones[at]!] as const)) {
          if (zone.runner.zone.hash !== other.runner.zone.hash) throw new Error(`Another state after step ${seq}.`);
        }
      }
      crossings += pair.crossings;
      for (const [at, { runner }] of pair.zones.entries()) {
        if (runner.inspect()["state"] === "DOWN") return;
        if (Buffer.compare(stateOf(runner.zone), stateOf(twin.zones[at]!.runner.zone)) !== 0)
          throw new Error("The hash is the same and the bytes are not.");
      }
    }),
    { numRuns: 12 },
  );
  if (crossings < 20) throw new Error(`Only ${crossings} crossings: the property says little.`);
}, 120_000);
