// The output gate: what a worker tells leaves in order, and only when the journal has it, or when the journal is lost.

import { expect, test } from "bun:test";
import type { FromZoneWorker } from "../../../server/shared/zone-messages.ts";
import { NO_ROOM } from "../../../server/shared/zone-journal.ts";
import type { ZoneWriter } from "../../../server/shared/zone-journal.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { BACK_MS_MAX, LAG_TICKS_MAX, OutputGate } from "../../../server/zone/output-gate.ts";
import { NO_JOURNAL } from "../../../server/zone/zone-log.ts";

const TICK_MS = 50;

/** A gate whose journal does what the test says. */
class GateBench {
  ms = 1_000;
  /** Everything up to this place is safe. */
  safe = 0;
  isIdle = false;
  isCrowded = false;
  readonly heard: string[] = [];
  readonly #output = new Ring(Ring.allocate(1 << 16));
  readonly #reader = new Ring(this.#output.buffer);
  readonly gate: OutputGate;

  constructor(zones = 1, staysClosed = false, stalls = false) {
    const isSafe = (place: number): boolean => place <= this.safe;
    const facts = { isIdle: () => this.isIdle, isCrowded: () => this.isCrowded };
    const writer: ZoneWriter = {
      ...NO_JOURNAL,
      isSafe,
      get isIdle() {
        return facts.isIdle();
      },
      get isCrowded() {
        return facts.isCrowded();
      },
    };
    this.gate = new OutputGate({
      output: this.#output,
      writer,
      zones,
      staysClosed,
      stalls,
      post: (message) => void this.heard.push(`said ${(message as unknown as { note: string }).note}`),
      onLeft: (zoneId, commands) => void this.heard.push(`left ${zoneId} ${commands}`),
      onLoss: (isLost, ms) => void this.heard.push(`${isLost ? "lost" : "back"} ${ms}`),
      onRoom: (hasRoom) => void this.heard.push(hasRoom ? "room" : "no room"),
      now: () => this.ms,
    });
  }

  /** A tick with one frame is told. */
  tick(place: number, { zone = 1, commands = place } = {}): void {
    this.ms += TICK_MS;
    this.#output.append(new TextEncoder().encode(`frame ${zone}:${commands}`));
    this.gate.close(zone, place, commands);
  }

  say(note: string): void {
    this.gate.say({ note } as unknown as FromZoneWorker);
  }

  /** The frames that have left since the last call. */
  frames(): string[] {
    const frames: string[] = [];
    this.#reader.drain((at, length) => {
      frames.push(new TextDecoder().decode(this.#reader.bytes.slice(at, at + length)));
    });
    return frames;
  }

  take(): string[] {
    return this.heard.splice(0);
  }
}

test("a tick leaves when its record is safe, and frees its commands then", () => {
  const bench = new GateBench();
  bench.tick(10);
  expect([bench.frames(), bench.take(), bench.gate.isHolding]).toEqual([[], [], true]);
  bench.safe = 9;
  expect(bench.gate.open()).toBe(false);
  bench.safe = 10;
  expect(bench.gate.open()).toBe(true);
  expect([bench.frames(), bench.take(), bench.gate.isHolding]).toEqual([["frame 1:10"], ["left 1 10"], false]);
  expect(bench.gate.open()).toBe(false);
});

test("a tick whose record is safe already leaves at once", () => {
  const bench = new GateBench();
  bench.safe = 99;
  bench.tick(10);
  expect(bench.frames()).toEqual(["frame 1:10"]);
});

test("what is written after a close does not leave with it", () => {
  const bench = new GateBench();
  bench.tick(10);
  bench.tick(20);
  bench.safe = 15;
  bench.gate.open();
  expect(bench.frames()).toEqual(["frame 1:10"]);
});

test("messages keep their order with the ticks", () => {
  const bench = new GateBench();
  bench.say("a");
  expect(bench.take()).toEqual(["said a"]);
  bench.tick(10);
  bench.say("b");
  bench.say("c");
  bench.tick(20);
  bench.say("d");
  expect(bench.take()).toEqual([]);
  bench.safe = 10;
  bench.gate.open();
  bench.say("e");
  expect(bench.take()).toEqual(["left 1 10", "said b", "said c"]);
  bench.safe = 20;
  bench.gate.open();
  bench.say("f");
  expect(bench.take()).toEqual(["left 1 20", "said d", "said e", "said f"]);
});

test("a tick that found no room leaves with the snapshot that covers it, and nothing overtakes it", () => {
  const bench = new GateBench(2);
  bench.safe = 100;
  bench.tick(NO_ROOM, { commands: 1 });
  bench.tick(50, { zone: 2, commands: 2 });
  expect(bench.frames()).toEqual([]);
  bench.tick(60, { zone: 2, commands: 3 });
  bench.tick(NO_ROOM, { commands: 4 });
  expect(bench.frames()).toEqual([]);
  bench.tick(70, { commands: 5 });
  expect(bench.frames()).toEqual(["frame 1:1", "frame 2:2", "frame 2:3", "frame 1:4", "frame 1:5"]);
});

test("after twenty ticks the journal is lost, everything leaves, and no later tick waits", () => {
  const bench = new GateBench();
  for (let place = 1; place <= LAG_TICKS_MAX; place++) bench.tick(place);
  expect([bench.frames(), bench.gate.isLost]).toEqual([[], false]);
  expect(bench.gate.lagMs).toBe((LAG_TICKS_MAX - 1) * TICK_MS);
  bench.tick(21);
  expect(bench.frames()).toHaveLength(LAG_TICKS_MAX + 1);
  expect([bench.take()[0], bench.gate.isLost]).toEqual(["lost 1000", true]);
  bench.tick(22);
  expect(bench.frames()).toEqual(["frame 1:22"]);
  expect(bench.gate.lagMs).toBe(1_050);
});

test("zones that share a worker have twenty ticks each", () => {
  const bench = new GateBench(3);
  for (let place = 1; place <= 3 * LAG_TICKS_MAX; place++) bench.tick(place, { zone: 1 + (place % 3) });
  expect(bench.gate.isLost).toBe(false);
  bench.tick(61);
  expect(bench.gate.isLost).toBe(true);
});

test("ticks that are safe by now are let out before the others are counted", () => {
  const bench = new GateBench();
  for (let place = 1; place <= LAG_TICKS_MAX; place++) bench.tick(place);
  bench.safe = 5;
  bench.tick(21);
  expect([bench.gate.isLost, bench.frames().length]).toEqual([false, 5]);
});

function lost(bench: GateBench): void {
  for (let place = 1; place <= LAG_TICKS_MAX + 1; place++) bench.tick(place);
  bench.frames();
  bench.take();
}

test("while the journal is lost the zones go on writing, and it is back when a record is safe fast enough", () => {
  const bench = new GateBench();
  lost(bench);
  bench.tick(22);
  bench.safe = 21;
  bench.gate.open();
  expect(bench.gate.isLost).toBe(true);
  bench.safe = 22;
  bench.gate.open();
  expect([bench.gate.isLost, bench.take()]).toEqual([false, ["left 1 22", "back 1050"]]);
  bench.tick(23);
  expect(bench.frames()).toEqual(["frame 1:22"]);
});

test("a disk that stays slow does not make the journal come and go", () => {
  const bench = new GateBench();
  lost(bench);
  for (let round = 0; round < 10; round++) {
    const place = 100 + round * 100;
    bench.tick(place);
    for (let waitedMs = 0; waitedMs <= BACK_MS_MAX; waitedMs += TICK_MS) bench.tick(place + 1);
    bench.safe = place + 50;
    bench.gate.open();
  }
  expect(bench.gate.isLost).toBe(true);
  expect(bench.take().filter((word) => !word.startsWith("left"))).toEqual([]);
});

test("a ring that is half full is a loss; the zones are silent until the disk has taken all of it", () => {
  const bench = new GateBench();
  bench.tick(1);
  bench.isCrowded = true;
  bench.gate.open();
  expect([bench.take(), bench.frames()]).toEqual([["lost 0", "no room", "left 1 1"], ["frame 1:1"]]);
  bench.tick(NO_ROOM);
  expect(bench.frames()).toEqual(["frame 1:-1"]);
  bench.isCrowded = false;
  bench.tick(NO_ROOM);
  bench.take();
  bench.isIdle = true;
  bench.gate.open();
  expect([bench.take(), bench.gate.isLost]).toEqual([["room"], true]);
  bench.isIdle = false;
  bench.tick(30);
  bench.safe = 30;
  bench.gate.open();
  expect([bench.take(), bench.gate.isLost]).toEqual([["left 1 30", "back 150"], false]);
});

test("a lost journal whose ring fills later falls silent then, once", () => {
  const bench = new GateBench();
  lost(bench);
  bench.isCrowded = true;
  bench.gate.open();
  bench.gate.open();
  expect(bench.take()).toEqual(["no room"]);
});

test("where the server stops when the journal is lost, nothing leaves that is not safe, however long it waits", () => {
  const bench = new GateBench(1, true);
  for (let tick = 1; tick <= 2 * LAG_TICKS_MAX; tick++) bench.tick(tick);
  expect(bench.gate.isLost).toBe(true);
  expect(bench.frames()).toEqual([]);
  expect(bench.take().filter((line) => !line.startsWith("lost"))).toEqual([]);
  bench.safe = 3;
  bench.gate.open();
  expect(bench.frames()).toEqual(["frame 1:1", "frame 1:2", "frame 1:3"]);
});

test("a zone that stands still while the journal is lost goes on when all of it is safe, and nothing left before", () => {
  const bench = new GateBench(1, true, true);
  const places = Array.from({ length: LAG_TICKS_MAX + 1 }, (_, index) => index + 1);
  for (const place of places) bench.tick(place);
  expect([bench.frames(), bench.gate.isLost]).toEqual([[], true]);
  bench.take();
  // No tick is run meanwhile.
  bench.ms += 60_000;
  bench.safe = places.length - 1;
  bench.gate.open();
  expect([bench.frames().length, bench.gate.isLost]).toEqual([places.length - 1, true]);
  [bench.safe, bench.isIdle] = [places.length, true];
  bench.gate.open();
  bench.gate.open();
  expect([bench.frames().length, bench.gate.isLost, bench.gate.isHolding]).toEqual([1, false, false]);
  expect(bench.take().filter((said) => said.startsWith("back"))).toHaveLength(1);
});
