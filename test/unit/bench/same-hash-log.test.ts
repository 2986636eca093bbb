import { expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { commandLog } from "../../../server/testing/same-hash-log.ts";
import { firstDifference } from "../../../server/testing/hash-record.ts";
import { readCommands } from "../../helpers/zone-commands.ts";
import { testWorld } from "../../helpers/zone.ts";

const world = await testWorld();
const luggage = [Uint32Array.from({ length: abi.TRANSFER_WORDS }, (_, index) => index)];

test("a tick's commands follow from seed and tick, whichever came before", () => {
  const [one, other] = [commandLog({ world, seed: 1, luggage }), commandLog({ world, seed: 1, luggage })];
  const forward = Array.from({ length: 300 }, (_, index) => one(index + 1).slice());
  for (let tick = 300; tick >= 1; tick--) expect(other(tick)).toEqual(forward[tick - 1]!);
  expect(commandLog({ world, seed: 2, luggage })(300)).not.toEqual(forward[299]!);
});

test("every opcode is in it, but for the two that kill a kernel", () => {
  const log = commandLog({ world, seed: 1, luggage });
  const seen = new Set<number>();
  let senseless = 0;
  for (let tick = 1; tick <= 3_000; tick++) {
    for (const { op, x } of readCommands(log(tick))) {
      seen.add(op);
      if (!Number.isFinite(x)) senseless++;
    }
  }
  const opcodes = Object.entries(abi).filter(([name]) => name.startsWith("OP_"));
  const missing = opcodes.filter(([, op]) => !seen.has(op)).map(([name]) => name);
  expect(missing.toSorted()).toEqual(["OP_SPIN", "OP_TRAP"]);
  expect(senseless).toBeGreaterThan(50);
});

test("the first tick in which two runs differ is found", () => {
  const hashes = BigUint64Array.from({ length: 9 }, (_, index) => BigInt(index));
  const other = hashes.slice();
  other[6] = 99n;
  expect(firstDifference(hashes, hashes.slice())).toBe(0);
  expect(firstDifference(hashes, other)).toBe(7);
  expect(firstDifference(hashes, hashes.slice(0, 4))).toBe(5);
});
