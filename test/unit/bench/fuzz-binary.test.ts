import { expect, test } from "bun:test";
import { BINARY_SAMPLES, binaryFuzzSource, binaryMessage } from "../../../server/testing/fuzz-binary.ts";
import { binaryCodec } from "../../../server/main/gateway/binary-codec.ts";
import { BINARY_MARK } from "../../../server/protocol/game/binary-wire.ts";
import { ClientMessage } from "../../../server/protocol/game/client-messages.ts";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";

/** What a server makes of the bytes: the messages in them that it understands, and how many it does not. */
function read(bytes: Buffer): { understood: number; refused: number; left: number } {
  const result = { understood: 0, refused: 0, left: 0 };
  let at = 0;
  while (at < bytes.length) {
    const end = binaryCodec.messageEnd(bytes, at, at, bytes.length);
    if (end < 0) return { ...result, left: bytes.length - at };
    if (binaryCodec.decode(bytes, at, end, new ClientMessage())) result.understood++;
    else result.refused++;
    at = end;
  }
  return result;
}

test("every kind turns up, and none makes the server wait for more", () => {
  const draw = binaryFuzzSource(seededRandom(1));
  const kinds = new Map<string, number>();
  for (let count = 0; count < 3_000; count++) {
    const { kind, bytes } = draw();
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const { understood, refused, left } = read(Buffer.from(bytes));
    expect(left).toBe(0);
    if (kind === "valid") expect([understood, refused]).toEqual([1, 0]);
    if (kind === "wrong mark" || kind === "random bytes") expect(understood).toBe(0);
    if (kind === "unknown type") expect([understood, refused]).toEqual([0, 1]);
  }
  expect([...kinds.keys()].toSorted()).toEqual([
    "huge length",
    "mutated",
    "out of range",
    "random bytes",
    "unknown type",
    "valid",
    "wrong length",
    "wrong mark",
  ]);
});

test("there is a sample of every message but of those that end it", () => {
  expect(new Set(BINARY_SAMPLES.map(({ kind }) => kind)).size).toBe(BINARY_SAMPLES.length);
  for (const sample of BINARY_SAMPLES) expect(binaryMessage(sample)[0]).toBe(BINARY_MARK);
});

test("the same seed draws the same messages", () => {
  const [one, same] = [binaryFuzzSource(seededRandom(7)), binaryFuzzSource(seededRandom(7))];
  for (let count = 0; count < 50; count++) expect(one()).toEqual(same());
});
