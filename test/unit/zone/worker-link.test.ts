import { expect, test } from "bun:test";
import { Ring } from "../../../server/shared/ring.ts";
import { Wake } from "../../../server/shared/wake.ts";
import { ZoneWorkerLink } from "../../../server/main/zones/worker-link.ts";
import type { WorkerLinkListener } from "../../../server/main/zones/worker-link.ts";
import type { ZoneWorkerStart } from "../../../server/shared/zone-start.ts";
import { FakeZoneWorker } from "../../helpers/zone-fake-worker.ts";

/** A worker that does nothing by itself. */
const idleWorker = (terminate = (): void => {}): Worker =>
  ({ addEventListener() {}, postMessage() {}, terminate }) as unknown as Worker;

const events: WorkerLinkListener = {
  recorded() {},
  said() {},
  ended() {},
  gone() {},
  failed(error) {
    throw error;
  },
};

test("timers and sockets have their turn though the output ring never falls empty", async () => {
  const memory = ZoneWorkerLink.allocate();
  const start = { zones: [], wake: Wake.allocate(), ...memory } as unknown as ZoneWorkerStart;
  const output = new Ring(memory.outputRing);
  const say = (): void => {
    output.append(new Uint8Array(8));
    output.commit();
    output.wake();
  };
  let records = 0;
  const link = new ZoneWorkerLink(() => idleWorker(), start, {
    ...events,
    // Each record makes the next one, as zones do that tick faster than their frames are written; bounded, lest a broken link hang.
    recorded: () => {
      if (++records < 200_000) say();
    },
  });
  link.ready.catch(() => {});
  say();
  await Bun.sleep(1);
  expect(records).toBeGreaterThan(0);
  expect(records).toBeLessThan(200_000);
  records = 200_000;
  await link.stop();
});

test("a worker that never comes to the end of its tick is ended all the same, and what was asked of it is refused", async () => {
  let isEnded = false;
  const start = { zones: [], wake: Wake.allocate(), ...ZoneWorkerLink.allocate() } as unknown as ZoneWorkerStart;
  const stuck = idleWorker(() => {
    isEnded = true;
  });
  const link = new ZoneWorkerLink(() => stuck, start, events);
  link.ready.catch(() => {});
  const asked = link.request(1, { type: "inspect" });
  await Promise.all([link.stop(), expect(asked).rejects.toMatchObject({ code: "zone_worker" })]);
  expect(isEnded).toBe(true);
});

test("what a zone reported before anybody listened is heard once somebody does, in order, and so is the worker's end", async () => {
  const seen: string[] = [];
  const memory = ZoneWorkerLink.allocate();
  const start = { type: "start", zones: [], wake: Wake.allocate(), ...memory } as unknown as ZoneWorkerStart;
  const worker = new FakeZoneWorker();
  const heard = Promise.withResolvers<void>();
  const listener = {
    ...events,
    recorded: () => void seen.push("record"),
    said: ({ type }: { type: string }) => void seen.push(type),
    ended: () => void seen.push("ended"),
  };
  const link = new ZoneWorkerLink(() => worker.asWorker, start, listener, heard.promise);
  await link.ready;
  const output = new Ring(memory.outputRing);
  output.append(new Uint8Array(8));
  output.commit();
  output.wake();
  worker.say({ type: "zone_state", zoneId: 1, from: "CRASHED", to: "DOWN", reason: "test", tick: 7 });
  link.abandon("it hangs");
  await Bun.sleep(50);
  expect(seen).toEqual([]);
  heard.resolve();
  await Bun.sleep(0);
  expect(seen).toEqual(["record", "zone_state", "ended"]);
  await link.stop();
});

test("what a zone wrote before it said that it is DOWN is read before that, though nobody was awake to read it", async () => {
  const seen: string[] = [];
  const memory = ZoneWorkerLink.allocate();
  const start = { type: "start", zones: [], wake: Wake.allocate(), ...memory } as unknown as ZoneWorkerStart;
  const worker = new FakeZoneWorker();
  const link = new ZoneWorkerLink(() => worker.asWorker, start, {
    ...events,
    recorded: () => void seen.push("record"),
    said: ({ type }) => void seen.push(type),
  });
  await link.ready;
  const output = new Ring(memory.outputRing);
  output.append(new Uint8Array(8));
  output.commit();
  worker.say({ type: "zone_state", zoneId: 1, from: "CRASHED", to: "DOWN", reason: "test", tick: 7 });
  expect(seen).toEqual(["record", "zone_state"]);
  await link.stop();
});
