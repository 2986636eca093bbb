// The meter of free runs against the zone itself, entity by entity.

import { expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import { Lane } from "../../../server/lockstep/lane.ts";
import { AT, MEASURES } from "../../../server/validate/free-measures.ts";
import type { MeasureName } from "../../../server/validate/free-measures.ts";
import { FreeMeter } from "../../../server/validate/free-meter.ts";
import { recordPlay } from "../../helpers/candidate-play.ts";
import { kernelEvents } from "../../helpers/kernel-events.ts";
import { testKernel } from "../../helpers/kernel-zone.ts";

test("measures what is there, in the whole run and in its second half", async () => {
  const kernel = await testKernel();
  const { state, batches } = recordPlay(kernel);
  const { value } = kernel.layout;
  const lane = new Lane(kernel, createMemory(kernel));
  const { words, view } = lane;
  const tick = new DataView(state.buffer, state.byteOffset).getUint32(value("HEADER_TICK") - value("STATE_BASE"), true);
  lane.adopt(state, tick);
  const meter = new FreeMeter(lane, batches.length);
  meter.begin();

  const players = value("PLAYERS_MAX");
  const column = (name: string, row: number): number => words[value(name) / 4 + row] ?? 0;
  /** Id to row, of all that are here. */
  const bodies = (): Map<number, number> =>
    new Map(
      Array.from({ length: value("ROWS_MAX") }, (_, row) => [column("ENTITY_ID", row), row] as const).filter(
        ([id]) => id !== 0,
      ),
    );
  const expected = { whole: new Map<MeasureName, number>(), late: new Map<MeasureName, number>() };
  const looks = { whole: 0, late: 0 };
  let health = new Map([...bodies()].map(([id, row]) => [id, column("ENTITY_HEALTH", row)]));
  for (const [index, batch] of batches.entries()) {
    lane.step(batch);
    meter.take();
    const windows = index * 2 < batches.length ? (["whole"] as const) : (["whole", "late"] as const);
    const add = (name: MeasureName, by: number): void => {
      for (const window of windows) expected[window].set(name, (expected[window].get(name) ?? 0) + by);
    };
    const here = bodies();
    const now = new Map([...here].map(([id, row]) => [id, column("ENTITY_HEALTH", row)]));
    for (const [id, points] of now) {
      const by = points - (health.get(id) ?? points);
      const who = (here.get(id) ?? 0) < players ? "players" : "creatures";
      add(by < 0 ? `${who}_lost_health` : `${who}_gained_health`, Math.abs(by));
    }
    health = now;
    for (const { kind, target, ...event } of kernelEvents(
      view,
      kernel.layout,
      view.getUint32(lane.at.eventCount, true),
    )) {
      if (kind === "killed" && (here.get(target) ?? players) < players) add("players_killed", 1);
      if (kind === "evaded") add("evaded", 1);
      if (kind === "experience") add("experience", event.a);
    }
    add("damage", view.getUint32(lane.at.counters + abi.COUNTER_DAMAGE * 4, true));
    add("kills", view.getUint32(lane.at.counters + abi.COUNTER_KILLS * 4, true));
    add("bytes_shown", view.getUint32(lane.at.frameBytes, true));
    add("fuel", Number(lane.fuelUsed));
    if ((index + 1) % 20 !== 0) continue;
    for (const window of windows) looks[window]++;
    add("bodies", here.size);
    add("ids", here.size);
    for (const row of here.values()) {
      add("auras", column("ENTITY_AURA_COUNT", row));
      add("hated", column("ENTITY_HATED", row));
      add(row < players ? "players_health" : "creatures_health", column("ENTITY_HEALTH", row));
      if (row >= players) add("threat_entries", column("CREATURE_THREAT_COUNT", row - players));
      else {
        add("known", column("PLAYER_KNOWN_COUNT", row));
        add("offers", column("PLAYER_OFFER", row) === 0 ? 0 : 1);
      }
    }
  }
  for (const window of ["whole", "late"] as const) {
    const values = meter.values(window);
    for (const [name, sum] of expected[window]) {
      const of = MEASURES[AT[name]]?.isLevel === true ? looks[window] : 1;
      expect([window, name, values[AT[name]]]).toEqual([window, name, expect.closeTo(sum / of, 6)]);
    }
  }
  // All of it happened.
  for (const name of ["players_killed", "evaded", "experience", "kills", "auras", "threat_entries"] as const)
    expect([name, (expected.whole.get(name) ?? 0) > 0]).toEqual([name, true]);
});
