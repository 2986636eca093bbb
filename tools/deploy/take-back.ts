// The way back: each zone that may have the module runs the one before it again, what the module did is undone where that is asked for,
// and the zones' own ticks confirm it. It can not be interrupted.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { undoInWords, undoLines } from "../../server/protocol/undo.ts";
import { confirmRunning } from "./confirm.ts";
import type { DeployContext } from "./context.ts";
import { undoAfter } from "./undo.ts";

/** Lines of what an undo changed. */
const UNDO_LINES_SHOWN = 20;
const NEVER = new AbortController().signal;

export interface TakeBack {
  /** Zones that may have the module, and what each ran before. */
  given: ReadonlyMap<number, string>;
  /** For people. */
  reason: string;
  /** The module was judged, and is refused from now on. */
  isJudged: boolean;
  undo: boolean;
  leaseMs: number;
}

/** Whether all was undone that was to be. Throws WowsimError when a roll-back, or what zones run after it, is not confirmed. */
export async function takeBack(context: DeployContext, wish: TakeBack): Promise<boolean> {
  const { stages, remote } = context;
  const { given, reason, isJudged } = wish;
  stages.begins("rollback");
  const told = isJudged ? reason : `not judged: ${reason}`;
  const ids = [...given.keys()];
  const outcomes = await Promise.allSettled(ids.map((id) => backIn(context, wish, id, told)));
  const lines = outcomes.map((outcome, index) =>
    outcome.status === "fulfilled" ? `zone ${ids[index]} runs ${outcome.value} again` : messageOf(outcome.reason),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  const text = lines.length === 0 ? "no zone has it" : lines.join(", ");
  stages.told("rollback", failed === undefined, text, { zones: ids, reason });
  const back = ids.filter((_, index) => outcomes[index]?.status === "fulfilled");
  const undone: boolean[] = [];
  if (wish.undo) for (const id of back) undone.push(await undo(context, id, reason));
  // What is back is undone before that: nobody comes back to it later.
  if (failed !== undefined) throw failed.reason;
  const { zones } = await remote.status();
  await verify(context, new Map(zones.map(({ zone_id: id, hash }) => [id, given.get(id) ?? hash])));
  return wish.undo && undone.every(Boolean);
}

/**
 * The server has ended the deploy, and rolls back what it does not keep: waits for that, and orders no roll-back, because the module may
 * be there to stay, or on trial for somebody else by now. Whether all was undone that was to be. Throws WowsimError: "timeout",
 * "verify_failed".
 */
export async function settled(
  context: DeployContext,
  { given, reason, undo: isUndone }: Pick<TakeBack, "given" | "reason" | "undo">,
): Promise<boolean> {
  const { stages, remote, hash } = context;
  stages.begins("rollback");
  const zones = await Promise.all([...given.keys()].map((id) => remote.settled(id, NEVER)));
  const lines = zones.map(
    ({ zone_id: id, hash: runs }) => `zone ${id} runs ${runs}${runs === hash ? " still" : " again"}`,
  );
  const ids = zones.map(({ zone_id: id }) => id);
  stages.told("rollback", true, `${lines.join(", ")}, as the server decided`, { zones: ids, reason });
  const back = zones.filter(({ hash: runs }) => runs !== hash);
  const undone: boolean[] = [];
  if (isUndone) for (const { zone_id: id } of back) undone.push(await undo(context, id, reason));
  await verify(context, new Map(zones.map(({ zone_id: id, hash: runs }) => [id, runs])));
  return isUndone && undone.length > 0 && undone.every(Boolean);
}

/** Throws WowsimError("verify_failed"). */
export async function verify(context: DeployContext, expected: ReadonlyMap<number, string>): Promise<void> {
  const { window, stages, remote } = context;
  stages.begins("verify");
  const confirmed = await confirmRunning(window, expected);
  const lost = window.sessionsLost;
  const data = { ...confirmed.data, sessions_lost: lost };
  if (confirmed.isBlind) {
    const { zones } = await remote.status();
    const ok = zones.every(({ zone_id: id, hash }) => (expected.get(id) ?? hash) === hash);
    const text = `${zones.map(({ zone_id: id, hash }) => `zone ${id} runs ${hash}`).join(", ")}, by the server's word: the feed is silent`;
    stages.told("verify", ok, text, data);
    if (!ok) throw new WowsimError("verify_failed", text);
    return;
  }
  stages.told("verify", confirmed.ok, `${confirmed.text}; sessions lost since the swap: ${lost}`, data);
  if (!confirmed.ok) throw new WowsimError("verify_failed", confirmed.text);
}

/** The hash that a zone runs after its roll-back. Its error includes the earlier failure, and what happens next. */
async function backIn(
  { remote, hash }: DeployContext,
  { reason, leaseMs }: TakeBack,
  zoneId: number,
  told: string,
): Promise<string> {
  try {
    return (await remote.rollback(hash, zoneId, told, NEVER)).hash;
  } catch (error) {
    const code = error instanceof WowsimError ? error.code : "rollback_failed";
    const lease = `the server takes zone ${zoneId} back by itself, ${leaseMs / 1_000} s after the swap at the latest`;
    throw new WowsimError(code, `${messageOf(error)} The roll-back (${reason}) was not confirmed; ${lease}.`, {
      cause: error,
    });
  }
}

/** An undo that fails is told; the module is rolled back all the same. */
async function undo({ tools, hash, stages }: DeployContext, zoneId: number, reason: string): Promise<boolean> {
  stages.begins("undo");
  try {
    const undone = await undoAfter(tools.control, hash, zoneId, reason, NEVER);
    const report = undone?.report ?? null;
    if (report === null) throw new WowsimError("undo_failed", undone?.error ?? "the zone said nothing");
    const lines = undoLines(report, UNDO_LINES_SHOWN);
    stages.told("undo", true, `zone ${zoneId}: ${undoInWords(report)}`, { report, lines });
    for (const line of lines) stages.say("undo", true, line, {});
    return true;
  } catch (error) {
    stages.told("undo", false, `zone ${zoneId} was not undone: ${messageOf(error)}`, { zone_id: zoneId });
    return false;
  }
}
