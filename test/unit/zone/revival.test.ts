import { describe, expect, test } from "bun:test";
import { hexOf } from "../../../server/shared/journal-records.ts";
import { revive } from "../../../server/zone/revival.ts";
import type { ZoneHistory } from "../../../server/shared/zone-history.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { OP_TRAP } from "../../../assembly/abi.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { newZone, playedZone, stateOf, testKernel, walk } from "../../helpers/zone.ts";

await testKernel();

/** Plays on for some ticks, and returns what a journal would keep of them. */
function recorded(zone: Zone, ticks: number): ZoneHistory {
  const state = Bun.zstdCompressSync(zone.bytes.slice(zone.at.stateBase, zone.at.stateEnd));
  const history: ZoneHistory = { snapshot: { tick: zone.tick, hash: hexOf(zone.hash), tickets: [], state }, ticks: [] };
  for (let index = 0; index < ticks; index++) {
    const batch = walk(zone.tick + 1);
    zone.step(batch);
    history.ticks.push({ tick: zone.tick, hash: hexOf(zone.hash), batch });
  }
  return history;
}

describe("revive", () => {
  test("gives the same state, and the zone goes on as the first one would have", async () => {
    const first = await playedZone(20);
    const history = recorded(first, 30);
    const second = await newZone();
    expect(revive(second, history)).toEqual({ replayed: 30, problem: null });
    expect([second.tick, second.hash]).toEqual([first.tick, first.hash]);
    for (const zone of [first, second]) zone.step(walk(99));
    expect(second.hash).toBe(first.hash);
    expect(Buffer.compare(stateOf(first), stateOf(second))).toBe(0);
  });

  test("stops where it is told to, and tells of each tick", async () => {
    const history = recorded(await playedZone(5), 9);
    const zone = await newZone();
    const seen: number[] = [];
    revive(zone, history, { upTo: history.snapshot.tick + 4, onTick: ({ tick }) => seen.push(tick - zone.tick) });
    expect(zone.tick).toBe(history.snapshot.tick + 4);
    expect(seen).toEqual([0, 0, 0, 0]);
  });

  test("a tick that gives another state ends it at the tick before", async () => {
    const history = recorded(await playedZone(5), 9);
    const wrong = history.ticks.map((tick, index) => (index === 6 ? { ...tick, hash: "00000000000000ff" } : tick));
    const zone = await newZone();
    const { replayed, problem } = revive(zone, { ...history, ticks: wrong });
    expect(replayed).toBe(6);
    expect(problem).toBe(`The replay of tick ${history.snapshot.tick + 7} gives another state.`);
    expect(hexOf(zone.hash)).toBe(history.ticks[5]!.hash);
  });

  test("a tick that traps ends it at the tick before", async () => {
    const history = recorded(await playedZone(5), 3);
    const [one, two, three] = history.ticks;
    const zone = await newZone();
    const ticks = [one!, { ...two!, batch: commandBytes([{ op: OP_TRAP }]) }, three!];
    const { replayed, problem } = revive(zone, { ...history, ticks });
    expect(replayed).toBe(1);
    expect(problem).toContain("traps in the replay");
    expect(hexOf(zone.hash)).toBe(one!.hash);
  });

  test("a snapshot that is not what it was is refused", async () => {
    const first = await playedZone(5);
    const history = recorded(first, 1);
    const zone = await newZone();
    const other = { ...history, snapshot: { ...history.snapshot, hash: "00000000000000ff" } };
    expect(() => revive(zone, other)).toThrow("does not have its own hash");
    const short = { ...history, snapshot: { ...history.snapshot, state: Bun.zstdCompressSync(new Uint8Array(100)) } };
    expect(() => revive(zone, short)).toThrow("100 bytes");
  });
});
