// What a server says is passed on whole where somebody reads, and never waited for where nobody does.

import { expect, test } from "bun:test";
import { withoutSecrets } from "../../../tools/commands/serve-supervised.ts";
import { BoundedWriter } from "../../../tools/ui/bounded-writer.ts";
import { fromRoot } from "../../helpers/own-process.ts";

test("everything comes out in order", async () => {
  const seen: string[] = [];
  const writer = new BoundedWriter(async (bytes) => {
    await Bun.sleep(0);
    seen.push(Buffer.from(bytes).toString());
  });
  for (let index = 0; index < 100; index++) writer.add(Buffer.from(`${index}\n`));
  await writer.drained(10_000);
  expect(seen.join("")).toBe(Array.from({ length: 100 }, (_, index) => `${index}\n`).join(""));
});

test("what is too much is left out, and told once somebody reads", async () => {
  const seen: Uint8Array[] = [];
  const gate = Promise.withResolvers<void>();
  const writer = new BoundedWriter(async (bytes) => {
    await gate.promise;
    seen.push(bytes);
  });
  for (let index = 0; index < 40; index++) writer.add(Buffer.alloc(65_536, "x"));
  await writer.drained(1);
  expect(seen).toEqual([]);
  gate.resolve();
  await writer.drained(10_000);
  const text = Buffer.concat(seen).toString();
  expect(text).toContain(`[${(40 - 17) * 65_536} bytes left out`);
  expect(text.replaceAll(/[^x]/g, "")).toHaveLength(17 * 65_536);
});

test("a reader that is gone does not end it", async () => {
  const writer = new BoundedWriter(() => Promise.reject(new Error("EPIPE")));
  for (let index = 0; index < 3; index++) {
    writer.add(Buffer.from("x"));
    await writer.drained(10_000);
  }
});

test("a process whose stderr nobody reads goes on, and ends", async () => {
  const script = `
    import { BoundedWriter, writeTo } from ${fromRoot("tools/ui/bounded-writer.ts")};
    const errors = new BoundedWriter(writeTo(2));
    for (let index = 0; index < 200; index++) {
      errors.add(Buffer.alloc(65_536, "x"));
      await Bun.sleep(0);
    }
    await errors.drained(1);
    process.exit(7);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  expect(await child.exited).toBe(7);
});

test("tokens do not stand on the command line of the server", () => {
  const args = [
    "serve",
    "--token",
    "hush",
    "--seed",
    "7",
    "--player-token=sesame",
    "--token=hush",
    "--world",
    "a.toml",
  ];
  expect(withoutSecrets(args)).toEqual(["serve", "--seed", "7", "--world", "a.toml"]);
});
