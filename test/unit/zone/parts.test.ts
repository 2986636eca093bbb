// The small parts of a zone: what crosses the rings, who is in it, how much fuel a tick gets.

import { expect, test } from "bun:test";
import { COUNTERS, OP_JOIN, OP_LEAVE, OP_SPAWN } from "../../../assembly/abi.ts";
import { fuelFor } from "../../../server/main/zones/calibrate.ts";
import { ZONE_STATES } from "../../../server/shared/zone-messages.ts";
import type { TickReport } from "../../../server/shared/tick-report.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { newZone, testKernel } from "../../helpers/zone.ts";
import { REPORT, emptyReport } from "../../../server/shared/tick-report.ts";

const clock = (): number => performance.now();

test.each([...ZONE_STATES])("a report in state %p is read as it was written, whatever was in the buffer", (state) => {
  const report: TickReport = {
    zoneId: 3,
    tick: 4_000_000_000,
    state,
    durationMs: 1.25,
    kernelMs: 0.125,
    fuelUsed: 2 ** 40,
    overrun: true,
    missedTicks: 5,
    queueDepth: 6,
    commandsDropped: 7,
    framesLost: 8,
    durable: false,
    journalLagMs: 12.5,
    journalHeldMs: 0.5,
    recoveries: 9,
    overloadLevel: 4,
    gameTimeRate: 0.75,
    load: 1.5,
    hash: 0xfedc_ba98_7654_3210n,
    counters: Uint32Array.from({ length: COUNTERS }, (_, index) => index * 100_000_000),
  };
  const view = new DataView(new Uint8Array(REPORT.bytes + 16).fill(0xff).buffer);
  REPORT.write(view, 8, report);
  const read = emptyReport(0);
  REPORT.read(view, 8, REPORT.bytes, read);
  expect(read).toEqual(report);
  expect(view.getUint32(8 + REPORT.bytes)).toBe(0xffff_ffff);
});

test("everybody in a full zone is read, and nobody who has left", async () => {
  const zone = await newZone();
  const { playersMax, rowsMax } = zone.at;
  const players = Array.from({ length: playersMax }, (_, index) => ({
    op: OP_JOIN,
    session: index + 1,
    x: index % 50,
  }));
  const creatures = Array.from({ length: rowsMax - playersMax }, (_, index) => ({
    op: OP_SPAWN,
    a: 1_000_001 + index,
  }));
  zone.step(commandBytes([...creatures, ...players]));
  expect(zone.entities.entityIds()).toHaveLength(rowsMax);
  expect(zone.entities.positionOf(playersMax)?.x).toBe((playersMax - 1) % 50);
  expect(zone.entities.positionOf(1_000_001 + creatures.length)).toBeNull();
  zone.step(commandBytes([{ op: OP_LEAVE, session: 7 }]));
  expect(zone.entities.entityIds()).toHaveLength(rowsMax - 1);
  expect(zone.entities.positionOf(7)).toBeNull();
});

/** A clock that is read `stepMs` later each time. */
function steps(stepMs: number): () => number {
  let ms = 0;
  return () => (ms += stepMs);
}

test("fuel is measured by what the thread used of a processor, where that is counted finely enough", async () => {
  const kernel = await testKernel();
  const byClock = fuelFor(50, kernel, steps(400));
  expect(fuelFor(50, kernel, steps(400), steps(20))).toBe(byClock * 20n);
  for (const useless of [0, 0.5, 1_000]) expect(fuelFor(50, kernel, steps(400), steps(useless))).toBe(byClock);
});

test("a tick gets more fuel the longer its interval is, and none for a kernel that nothing stops", async () => {
  const kernel = await testKernel();
  expect(fuelFor(50, kernel, clock)).toBeGreaterThan(fuelFor(5, kernel, clock));
  const idle = new WebAssembly.Module(
    // (module (import "env" "memory" (memory 1)) (global (export "fuel") (mut i64) (i64.const 0))
    //   (func (export "init") (param i32 i32 i32)) (func (export "tick") (param i32)))
    Uint8Array.fromHex(
      "0061736d01000000010b0260037f7f7f0060017f00020f0103656e76066d656d6f7279020001030302000106060" +
        "17e0142000b071603046675656c030004696e6974000004746963" +
        "6b00010a070202000b02000b",
    ),
  );
  const unmetered = { ...kernel, module: idle, hash: "0123456789abcdef" };
  expect(() => fuelFor(50, unmetered, clock)).toThrow("does not stop when its fuel is used up");
});
