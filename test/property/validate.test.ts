// Whatever bots play: a kernel equals itself in every term, and the sums are those of an account that is kept in another way; sums of
// zones do not depend on the order of zones; and every difference either differs by itself or follows from one that does.

import { expect, test } from "bun:test";
import fc from "fast-check";
import * as abi from "../../assembly/abi.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { Lane } from "../../server/lockstep/lane.ts";
import { PlayedZone } from "../../server/testing/played-zone.ts";
import { mergeTerms } from "../../server/validate/merge.ts";
import { ZoneComparison } from "../../server/validate/zone-comparison.ts";
import type { ComparisonResult } from "../../server/validate/zone-comparison.ts";
import { testKernel, testWorld } from "../helpers/zone.ts";

const TICKS = 160;
const names = { entity: String, spell: String, item: String };

/** Health that players lose, from the state after each tick; an entity that has just come has lost nothing. */
class HealthLost {
  sum = 0;
  #before = new Map<number, number>();

  look({ view, at }: Lane): void {
    const now = new Map<number, number>();
    for (let row = 0; row < view.getUint32(at.playersHigh, true); row++) {
      const id = view.getUint32(at.entityId + row * 4, true);
      if (id !== 0) now.set(id, view.getUint32(at.entityHealth + row * 4, true));
    }
    for (const [id, health] of now) this.sum += Math.max(0, (this.#before.get(id) ?? health) - health);
    this.#before = now;
  }
}

interface Played {
  result: ComparisonResult;
  lost: number;
  damage: number;
  bytes: number;
}

async function play(candidate: Kernel, seed: number, players: number): Promise<Played> {
  const kernel = await testKernel();
  const world = await testWorld();
  const zone = new PlayedZone(kernel, world, { zone: 1, players, seed, actionsHz: 4 });
  const memories = { candidate: createMemory(candidate), incumbent: () => createMemory(kernel) };
  const comparison = new ZoneComparison(
    { incumbent: kernel, candidate, memories },
    { zone: 1, content: world.content, names },
  );
  const health = new HealthLost();
  let [damage, bytes] = [0, 0];
  for (let tick = 0; tick < TICKS; tick++) {
    comparison.follows(zone.lane);
    comparison.step(zone.play());
    health.look(zone.lane);
    damage += zone.lane.view.getUint32(zone.lane.at.counters + abi.COUNTER_DAMAGE * 4, true);
    bytes += zone.lane.view.getUint32(zone.lane.at.frameBytes, true);
  }
  comparison.ends();
  return { result: comparison.result(), lost: health.sum, damage, bytes };
}

function sumOf({ result }: Played, what: string): number {
  return result.terms.filter((term) => term.what.startsWith(what)).reduce((sum, { candidate }) => sum + candidate, 0);
}

test("a kernel equals itself, and sums are exact; other kernels differ by something, and all the rest follows", async () => {
  const kernel = await testKernel();
  const built = await Promise.all(["armour-sign", "extra-draw", "invulnerable"].map(buildCandidate));
  const others = built.map(({ metered }, index) => loadKernel(metered, String(index)));
  let differing = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(10_000), fc.integer({ min: 6, max: 30 }), fc.nat(2), async (seed, players, which) => {
      const same = await play(kernel, seed, players);
      expect(same.result).toMatchObject({ ticks: TICKS, equal: TICKS, drawTicks: 0, traps: { count: 0 } });
      expect(sumOf(same, "health.lost.players")).toBe(same.lost);
      expect(sumOf(same, "damage.to.")).toBe(same.damage);
      expect(sumOf(same, "shown.bytes")).toBe(same.bytes);
      expect(same.result.terms.every(({ incumbent, candidate, ticks }) => incumbent === candidate && ticks === 0)).toBe(
        true,
      );

      const other = await play(others[which]!, seed, players);
      for (const term of other.result.terms) {
        const known = same.result.terms.find(({ what }) => what === term.what);
        if (known !== undefined) expect([term.what, term.incumbent]).toEqual([term.what, known.incumbent]);
      }
      const terms = mergeTerms([other.result.terms, same.result.terms]);
      expect(mergeTerms([same.result.terms, other.result.terms])).toEqual(terms);
      const own = new Set(terms.filter((term) => term.own > 0).map(({ what }) => what));
      for (const term of terms.filter(({ ticks }) => ticks > 0))
        expect([term.what, term.own > 0 || term.follows.some((what) => own.has(what))]).toEqual([term.what, true]);
      differing += own.size;
    }),
    { numRuns: 8 },
  );
  expect(differing).toBeGreaterThan(8);
});
