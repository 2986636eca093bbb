import { expect, test } from "bun:test";
import { TouchedRings } from "../../../server/journal/touched-rings.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { fromRoot, inOwnProcess } from "../../helpers/own-process.ts";

test("rings that are in use stay as they are, and there is an end", () => {
  const buffers = [Ring.allocate(1 << 20), Ring.allocate(1 << 16)];
  for (const buffer of buffers) crypto.getRandomValues(new Uint8Array(buffer, 4_096, 60_000));
  const before = buffers.map((buffer) => Bun.hash(new Uint8Array(buffer)));
  const rings = new TouchedRings();
  for (const buffer of buffers) rings.add(buffer);
  let steps = 1;
  while (rings.touchSome()) steps++;
  expect(steps).toBe(4);
  expect(rings.touchSome()).toBe(false);
  expect(buffers.map((buffer) => Bun.hash(new Uint8Array(buffer)))).toEqual(before);
});

test("afterwards their memory belongs to the process, and filling them takes no more", async () => {
  const { touched, filled } = await inOwnProcess<{ touched: number; filled: number }>(`
    import { TouchedRings } from ${fromRoot("server/journal/touched-rings.ts")};
    const [buffer, rings, rss] = [new SharedArrayBuffer(1 << 26), new TouchedRings(), () => process.memoryUsage().rss];
    rings.add(buffer);
    const before = rss();
    while (rings.touchSome());
    const after = rss();
    new Uint8Array(buffer).fill(1);
    console.log(JSON.stringify({ touched: after - before, filled: rss() - after }));
  `);
  expect(touched).toBeGreaterThan(60 << 20);
  expect(filled).toBeLessThan(4 << 20);
});
