// Whether what clients are shown in a tick is so: each value in a record against the state after the tick.
//
//   CHANGE of 1000001, health 107; and its health is 138      shownWrongly(tally, (entity) => ...) reports 1000001

import * as abi from "../../assembly/abi.ts";
import { outputBytesOf } from "../lockstep/outputs.ts";
import type { LaneTally } from "./lane-tally.ts";
import type { StateView } from "./state-view.ts";

const HEADER_WORDS = abi.FRAME_HEADER_BYTES / 4;

export function shownWrongly({ view, rows }: LaneTally, report: (entity: number) => void): void {
  const { lane, words } = view;
  const first = lane.at.frames / 4;
  const end = first + outputBytesOf(lane, "frames") / 4;
  for (let at = first; at < end;) {
    const next = at + ((words[at + abi.FRAME_LENGTH / 4] ?? 0) >>> 2);
    if (next < at + HEADER_WORDS || next > end) return;
    const session = words[at + abi.FRAME_SESSION / 4] ?? 0;
    for (let record = at + HEADER_WORDS; record < next;) {
      const head = words[record] ?? 0;
      const length = (head >>> 8) & 0xff;
      if (length === 0) return;
      const kind = head & 0xff;
      const entity = kind === abi.RECORD_SELF ? session : (words[record + 1] ?? 0);
      if (!isTrue(view, kind, head >>> 16, record, rows.rowOf(entity), entity)) report(entity);
      record += length;
    }
    at = next;
  }
}

/** Null records are true: those that say nothing of an entity's state. */
function isTrue(view: StateView, kind: number, info: number, record: number, row: number, entity: number): boolean {
  if (kind !== abi.RECORD_SELF && kind !== abi.RECORD_ENTER && kind !== abi.RECORD_CHANGE) return true;
  if (row < 0 || view.words[view.at.id + row] !== entity) return false;
  if (kind === abi.RECORD_SELF) return isSelf(view, record + 1, row);
  if (kind === abi.RECORD_ENTER) return info === view.words[view.at.kind + row] && isEntered(view, record + 2, row);
  return isChange(view, info, record + 2, row);
}

function isSelf(view: StateView, at: number, row: number): boolean {
  const { words } = view;
  const castEnd = words[view.at.castEnd + row] ?? 0;
  const told = [
    words[view.at.health + row],
    words[view.at.maxHealth + row],
    words[view.at.power + row],
    words[view.at.maxPower + row],
    words[view.at.target + row],
    castEnd === 0 ? 0 : words[view.at.castSpell + row],
    castEnd,
    words[view.at.gcdEnd + row],
  ];
  return told.every((value, index) => words[at + index] === value);
}

function isEntered(view: StateView, at: number, row: number): boolean {
  const { words } = view;
  return (
    isAt(view, at, row) &&
    words[at + 3] === words[view.at.health + row] &&
    words[at + 4] === words[view.at.maxHealth + row] &&
    words[at + 5] === words[view.at.target + row] &&
    words[at + 6] === levelAndFlags(view, row)
  );
}

function isChange(view: StateView, mask: number, from: number, row: number): boolean {
  const { words } = view;
  let at = from;
  if ((mask & abi.CHANGE_POSITION) !== 0) {
    if (!isAt(view, at, row)) return false;
    at += 3;
  }
  if ((mask & abi.CHANGE_HEALTH) !== 0) {
    const isHealth = words[at] === words[view.at.health + row] && words[at + 1] === words[view.at.maxHealth + row];
    if (!isHealth) return false;
    at += 2;
  }
  if ((mask & abi.CHANGE_FLAGS) !== 0 && words[at++] !== levelAndFlags(view, row)) return false;
  if ((mask & abi.CHANGE_TARGET) !== 0 && words[at++] !== words[view.at.target + row]) return false;
  if ((mask & abi.CHANGE_CAST) === 0) return true;
  const castEnd = words[view.at.castEnd + row] ?? 0;
  return words[at] === (castEnd === 0 ? 0 : words[view.at.castSpell + row]) && words[at + 1] === castEnd;
}

function isAt({ words, at }: StateView, place: number, row: number): boolean {
  return (
    words[place] === words[at.x + row] &&
    words[place + 1] === words[at.y + row] &&
    words[place + 2] === words[at.z + row]
  );
}

function levelAndFlags({ words, at }: StateView, row: number): number {
  return ((words[at.level + row] ?? 0) | ((words[at.flags + row] ?? 0) << 8)) >>> 0;
}
