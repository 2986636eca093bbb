// What a zone leaves out while it is overloaded, over random streams of commands: held back, but never lost, never wrong.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { OP_SET_OVERLOAD } from "../../assembly/abi.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import { LADDER, overloadFields } from "../../server/shared/overload.ts";
import { CHAOS_CONTENT, give, opening, stream } from "../helpers/kernel-chaos.ts";
import type { Frame } from "../helpers/kernel-frames.ts";
import { WatcherModel } from "../helpers/kernel-frames.ts";
import { brokenInvariants, modelDifferences } from "../helpers/kernel-invariants.ts";
import { KernelZone, testKernel } from "../helpers/kernel-zone.ts";

fc.configureGlobal({ interruptAfterTimeLimit: 20_000 });

const kernel = await testKernel();
const memories = [createMemory(kernel), createMemory(kernel)];
const open = (seed: number, memory = 0): KernelZone =>
  new KernelZone(kernel, { content: CHAOS_CONTENT, seed }, memories[memory]);
const seed = fc.integer({ min: 0, max: 0xffff_ffff });
/** Steps of the ladder at some ticks; -1: stays. */
const steps = (highest: number): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof({ weight: 6, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(highest) }), {
    minLength: 121,
    maxLength: 121,
  });

function setOverload(zone: KernelZone, step: number): void {
  if (step < 0) return;
  const { flags, a, x, y } = overloadFields(step);
  zone.command(OP_SET_OVERLOAD, { flags, a, x, y, seq: 0 });
}

class Watchers {
  readonly models = new Map<number, WatcherModel>();

  /** Takes the tick's frames in; forgets who watches no more. */
  apply(zone: KernelZone): void {
    for (const [session, frame] of zone.frames) {
      const model = this.models.get(session) ?? new WatcherModel();
      this.models.set(session, model);
      expect(model.apply(frame)).toEqual([]);
    }
    const rows = zone.rows();
    for (const session of this.models.keys()) {
      const watches = rows.has(session) && (zone.get(session, "PLAYER_FLAGS") & 1) !== 0;
      if (!watches) this.models.delete(session);
    }
  }
}

/** Entities that were told whole in the watcher's last turn and are held back since: those not marked near. */
function farOf(zone: KernelZone, session: number): Set<string> {
  const { layout } = zone.kernel;
  const row = zone.row(session);
  const far = new Set<string>();
  if (zone.get(session, "PLAYER_TOLD") === zone.get(session, "PLAYER_TOLD_FAR")) return far;
  for (let slot = 0; slot < zone.get(session, "PLAYER_KNOWN_COUNT"); slot++) {
    const word = layout.value("PLAYER_NEAR") + (slot >> 5) * layout.value("PLAYERS_MAX") * 4 + row * 4;
    if (((zone.view.getUint32(word, true) >>> (slot & 31)) & 1) === 1) continue;
    const id = layout.value("KNOWN_ID") + (row * layout.value("KNOWN_MAX") + slot) * 4;
    far.add(String(zone.view.getUint32(id, true)));
  }
  return far;
}

test("a watcher knows at every tick what is near it and all of its own, and what is far as of its last turn", () => {
  fc.assert(
    fc.property(seed, stream(), steps(LADDER.length - 1), (from, ticks, given) => {
      const zone = open(from);
      const watchers = new Watchers();
      [opening(), ...ticks].forEach((commands, tick) => {
        setOverload(zone, given[tick] ?? -1);
        give(zone, commands);
        zone.run();
        watchers.apply(zone);
        for (const [session, model] of watchers.models) {
          const far = farOf(zone, session);
          const wrong = modelDifferences(zone, session, model).filter((text) => {
            const id = /thinks .*?(?:of )?(\d+)(?: is| has)/.exec(text)?.[1];
            return id === undefined || !far.has(id);
          });
          expect(wrong).toEqual([]);
        }
        expect(brokenInvariants(zone)).toEqual([]);
      });
      setOverload(zone, 0);
      for (let tick = 0; tick < 8; tick++) {
        zone.run();
        watchers.apply(zone);
      }
      for (const [session, model] of watchers.models) expect(modelDifferences(zone, session, model)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

/** What must come at once. */
function urgent(frame: Frame | undefined, session: number): Partial<Frame> {
  if (frame === undefined) return { self: null, enter: [], leave: [], events: [], change: [] };
  const { self, enter, leave, events, change } = frame;
  return { self, enter, leave, events, change: change.filter(({ id }) => id === session) };
}

test("holding state back changes nothing in the game, and nothing of what comes at once: own numbers, acknowledgements, events, who comes and goes", () => {
  fc.assert(
    fc.property(seed, stream(), steps(2), (from, ticks, given) => {
      const [calm, busy] = [open(from, 0), open(from, 1)];
      [opening(), ...ticks].forEach((commands, tick) => {
        setOverload(busy, given[tick] ?? -1);
        const same = commands.map(({ op, parts }) => ({ op, parts: { seq: tick + 1, ...parts } }));
        for (const zone of [calm, busy]) {
          give(zone, same);
          zone.run();
        }
        expect(busy.events).toEqual(calm.events);
        for (const session of new Set([...calm.frames.keys(), ...busy.frames.keys()])) {
          const [one, other] = [calm.frames.get(session), busy.frames.get(session)];
          expect(urgent(other, session)).toEqual(urgent(one, session));
          if (one !== undefined && other !== undefined) expect(other.ack).toBe(one.ack);
        }
      });
    }),
    { numRuns: 30 },
  );
});
