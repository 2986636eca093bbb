// Frames that are kept for later come out as they went in, in order, however many wait and wherever one stops.

import { expect, test } from "bun:test";
import fc from "fast-check";
import * as abi from "../../../assembly/abi.ts";
import { FrameLog } from "../../../tools/client/frame-log.ts";
import { FrameBuilder } from "../../helpers/net.ts";

const SESSION = 7;

function frame(tick: number, leaves: number): Buffer {
  const builder = new FrameBuilder(SESSION, tick, tick * 2);
  for (let id = 1; id <= leaves; id++) builder.record(abi.RECORD_LEAVE, 0, id);
  return Buffer.from(builder.bytes());
}

test("comes out as it went in", () => {
  const step = fc.record({ leaves: fc.nat(300), readsTo: fc.option(fc.nat(5)) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const log = new FrameLog();
      const [told, read]: [number[][], number[][]] = [[], []];
      const drain = (until: number): void => {
        for (let next = log.next(until); next !== null; next = log.next(until)) {
          let leaves = 0;
          while (next.next()) leaves++;
          read.push([next.tick, next.ack, leaves]);
        }
      };
      for (const [index, { leaves, readsTo }] of steps.entries()) {
        const tick = index + 1;
        const bytes = Buffer.concat([Buffer.alloc(3), frame(tick, leaves)]);
        log.append(bytes, 3, bytes.length - 3);
        told.push([tick, tick * 2, leaves]);
        expect([log.tick, log.ack]).toEqual([tick, tick * 2]);
        if (readsTo === null) continue;
        drain(tick - readsTo);
        expect(read.at(-1)?.[0] ?? 0).toBeGreaterThanOrEqual(tick - readsTo);
      }
      drain(Number.POSITIVE_INFINITY);
      expect(read).toEqual(told);
      expect(log.pendingBytes).toBe(0);
    }),
    { numRuns: 100 },
  );
});
