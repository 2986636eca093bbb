import { expect, test } from "bun:test";
import { Ring } from "../../../server/zone/ring.ts";
import { ZoneWorkerLink } from "../../../server/zone/worker-link.ts";
import type { ZoneWorkerStart } from "../../../server/zone/worker-messages.ts";

/** A worker that does nothing by itself. */
const idleWorker = (): Worker => ({ addEventListener() {}, postMessage() {}, terminate() {} }) as unknown as Worker;

test("timers and sockets have their turn though the output ring never falls empty", async () => {
  const memory = ZoneWorkerLink.allocate();
  const start = { zones: [], ...memory } as unknown as ZoneWorkerStart;
  const output = new Ring(memory.outputRing);
  const say = (): void => {
    output.append(new Uint8Array(8));
    output.commit();
    output.wake();
  };
  let records = 0;
  const link = new ZoneWorkerLink(idleWorker, start, {
    // Each record makes the next one, as zones do that tick faster than their frames are written; bounded, lest a broken link hang.
    onRecord: () => {
      if (++records < 200_000) say();
    },
    onMessage() {},
    onDeath() {},
    onError(error) {
      throw error;
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
