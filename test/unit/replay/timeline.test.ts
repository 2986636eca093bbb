import { afterAll, beforeAll, expect, test } from "bun:test";
import { openJournal } from "../../../server/replay/open-journal.ts";
import { timelineOf } from "../../../server/replay/timeline.ts";
import { newJournal } from "../../helpers/journal.ts";
import type { TestJournal } from "../../helpers/journal.ts";
import { walk } from "../../helpers/zone.ts";

let journal: TestJournal;
/** Two epochs: ticks 1 to 122, and from 123 on. */
beforeAll(async () => {
  journal = await newJournal();
  journal.play(1, 120, walk);
  journal.event({ kind: "gap", zone: 1, json: '{"from_tick":120,"to_tick":122}' });
  journal.event({ kind: "deploy", zone: 2, json: '{"message":"Module swapped"}' });
  journal.newEpoch(1);
  journal.event({ kind: "start", zone: 0, json: '{"message":"Server started"}' });
  journal.event({ kind: "fault", zone: 0, json: "no json" });
  journal.play(1, 60, walk);
  journal.close();
});
afterAll(() => journal[Symbol.dispose]());

function stretches(
  from: number,
  to: number,
): [epoch: number, startTick: number, lastTick: number, reasons: string[]][] {
  using open = openJournal({ dataDir: journal.folder });
  const found = timelineOf(open.reader, open.epochs, 1, { from, to }, []).stretches;
  return found.map(({ epoch, snapshots, start, lastTick, reasons }) => [
    epoch,
    snapshots[start]!.tick,
    lastTick,
    reasons,
  ]);
}

const WHY = ["gap: ticks 120 to 122 were not kept", "start: Server started", "fault"];

test("each epoch begins at the newest snapshot before the wanted ticks, and tells why it began", () => {
  expect(stretches(0, 1_000)).toEqual([
    [1, 0, 122, []],
    [2, 122, 182, WHY],
  ]);
  expect(stretches(101, 122)).toEqual([[1, 100, 122, []]]);
  expect(stretches(100, 110)).toEqual([[1, 50, 110, []]]);
  expect(stretches(123, 130)).toEqual([[2, 122, 130, WHY]]);
  expect(stretches(151, 151)).toEqual([[2, 150, 151, WHY]]);
  expect(stretches(183, 190)).toEqual([]);
});
