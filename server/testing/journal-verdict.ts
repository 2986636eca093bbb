// Reads a damaged journal as a start does, and compares all that it says with what was written.
//
//   judge(folder, truth)     // { outcome: "told", lostTicks: 12, wrong: [] }
//
// Wrong is: a row that was not written so, a loss that nobody tells, a loss told with another number than the true one, and
// an error that is no WowsimError.

import { messageOf, WowsimError } from "../protocol/errors.ts";
import { FACT_KINDS } from "../store/world-rows.ts";
import { WorldReader } from "../store/world-reader.ts";
import type { StoredHistory } from "../store/world-reader.ts";
import { base64 } from "./journal-truth.ts";
import type { JournalTruth } from "./journal-truth.ts";

export type Outcome =
  /** All is there, and nothing is told. */
  | "unharmed"
  /** Something is told; every zone reaches its newest tick, all facts and events are there. */
  | "told, nothing lost"
  /** Something is lost, and told. */
  | "told, some lost"
  /** Nothing can be read, and that is told. */
  | "refused"
  | "wrong";

export interface Verdict {
  outcome: Outcome;
  /** Ticks of all zones that the reader says are lost. */
  lostTicks: number;
  /** What must not be, one sentence each. */
  wrong: string[];
  /** What the reader told. */
  told: string[];
}

export function judge(folder: string, truth: JournalTruth): Verdict {
  let reader: WorldReader | null = null;
  try {
    reader = WorldReader.open(folder);
    if (reader === null) return verdictOf({ wrong: ["The journal is said not to exist."] });
    return judgeReader(reader, truth);
  } catch (error) {
    if (error instanceof WowsimError) return { outcome: "refused", lostTicks: 0, wrong: [], told: [error.message] };
    return verdictOf({ wrong: [`${error instanceof Error ? error.name : "An error"} is thrown: ${messageOf(error)}`] });
  } finally {
    reader?.close();
  }
}

function judgeReader(reader: WorldReader, truth: JournalTruth): Verdict {
  const told = reader.problems();
  const wrong: string[] = [];
  const rest = judgeRest(reader, truth, told, wrong);
  const zones = reader.zones(told);
  const hasWitness = reader.testimony !== null;
  let lostTicks = 0;
  let hasLost = rest;
  for (const [zone, head] of truth.heads) {
    if (!zones.includes(zone)) {
      hasLost = true;
      if (told.length === 0) wrong.push(`Zone ${zone} is gone in silence.`);
      continue;
    }
    const history = reader.history(zone);
    lostTicks += history.lostTicks;
    const reached = history.snapshot === null ? null : reach(history, truth, wrong);
    const trueLoss = head.tick - (reached ?? 0);
    if (trueLoss > 0 || history.snapshot === null) hasLost = true;
    if (history.lostTicks > trueLoss || (history.lostTicks < trueLoss && hasWitness))
      wrong.push(`Zone ${zone} lost ${trueLoss} ticks, and ${history.lostTicks} are told.`);
    told.push(...history.problems);
    if ((trueLoss > 0 || history.snapshot === null) && told.length === 0)
      wrong.push(`Zone ${zone} lost ${trueLoss} ticks in silence.`);
  }
  return verdictOf({ wrong, told, lostTicks, hasLost });
}

/** The last tick of a history; each of its rows must be as written, and no newer epoch may have rewritten it. */
function reach({ zone, snapshot, ticks, problems }: StoredHistory, truth: JournalTruth, wrong: string[]): number {
  const key = `${zone}/${snapshot.epoch}`;
  if (truth.snapshots.get(`${key}/${snapshot.tick}`) !== base64(snapshot.state))
    wrong.push(`The snapshot ${key}/${snapshot.tick} is not what was written.`);
  let last = snapshot.tick;
  for (const { tick, hash, batch } of ticks) {
    const written = truth.ticks.get(`${key}/${tick}`);
    if (written === undefined || written.hash !== hash || written.batch !== base64(batch))
      wrong.push(`Tick ${key}/${tick} is not what was written.`);
    if (tick !== last + 1) wrong.push(`Tick ${key}/${tick} follows ${last}.`);
    last = tick;
  }
  // It may be one that a later epoch has rewritten only if nothing is left of that epoch, and that is told.
  const isTold = problems.some((problem) => problem.includes("it is not known which of these ticks were rewritten"));
  for (const [epoch, begin] of isTold ? [] : (truth.begins.get(zone) ?? []))
    if (epoch > snapshot.epoch && last > begin)
      wrong.push(`Tick ${key}/${last} was rewritten by epoch ${epoch} from ${begin} on.`);
  return last;
}

/** Compares facts, events and the module; true when something is lost or old. */
function judgeRest(reader: WorldReader, truth: JournalTruth, told: string[], wrong: string[]): boolean {
  const facts = new Map(
    FACT_KINDS.flatMap((kind) => reader.facts(kind, told).map(({ key, json }) => [`${kind}/${key}`, json] as const)),
  );
  const isFactsOld = facts.size !== truth.facts.size || [...facts].some(([key, json]) => truth.facts.get(key) !== json);
  if (isFactsOld && told.length === 0) wrong.push("Facts are not the last ones, and nothing is told.");
  const events = reader.events(0, told).map(({ json }) => json);
  const isEventsLess = events.join("\n") !== truth.events.join("\n");
  if (isEventsLess && told.length === 0) wrong.push("Events are not what was written, and nothing is told.");
  if (events.some((json) => !truth.events.includes(json))) wrong.push("An event was never written.");
  const isModuleLost = reader.module("aa", told) === null;
  return isFactsOld || isEventsLess || isModuleLost;
}

function verdictOf({
  wrong,
  told = [],
  lostTicks = 0,
  hasLost = false,
}: Partial<Verdict> & { wrong: string[]; hasLost?: boolean }): Verdict {
  let outcome: Outcome = "unharmed";
  if (wrong.length > 0) outcome = "wrong";
  else if (hasLost) outcome = "told, some lost";
  else if (told.length > 0) outcome = "told, nothing lost";
  return { outcome, lostTicks, wrong, told };
}
