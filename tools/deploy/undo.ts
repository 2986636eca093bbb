// Asks a server to undo what a module did, and waits for the result.
//
//   const result = await undo(control, { zoneId: 2, isDry: false }, signal)
//   result.undos[0].report        // server/protocol/undo.ts

import { z } from "zod";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { UndoReport } from "../../server/protocol/undo.ts";
import { sleep } from "../ui/sleep.ts";
import { whoAmI } from "./remote.ts";
import type { Control } from "./remote.ts";

const Undos = z.object({
  undos: z.array(
    z.object({
      zone_id: z.number().int(),
      state: z.enum(["ordered", "running", "done", "failed"]),
      dry_run: z.boolean(),
      error: z.string().nullable(),
      from_tick: z.number().int(),
      tick: z.number().int(),
      /** Written by this version's server, and only printed. */
      report: z.custom<UndoReport>((report) => typeof report === "object" && report !== null).nullable(),
    }),
  ),
});

export type RemoteUndo = z.infer<typeof Undos>["undos"][number];

/** What came of an undo. `isDone`: in every zone. */
export interface Undone {
  isDone: boolean;
  undos: RemoteUndo[];
}

export interface UndoFlags {
  /** 0: all zones that have something to undo. */
  zoneId: number;
  /** Only what this module did; default: the last one. */
  hash?: string;
  isDry: boolean;
  reason?: string;
}

const POLL_MS = 100;
/** Ten minutes of a full zone take longer to run again than any module takes to roll back. */
const UNDO_MS_MAX = 180_000;

/**
 * What a module did in a zone is undone, after it was rolled back; also when the zone does that by itself meanwhile. Throws
 * WowsimError("nothing_to_undo") with why.
 */
export async function undoAfter(
  control: Control,
  hash: string,
  zoneId: number,
  reason: string,
  signal: AbortSignal,
): Promise<RemoteUndo | undefined> {
  try {
    const { undos } = await undo(control, { zoneId, hash, isDry: false, reason }, signal);
    return undos[0];
  } catch (error) {
    const own = (await ended(control, [zoneId], signal))[0];
    if (own !== undefined && (own.report === null || own.report.from_hash === hash)) return own;
    throw error;
  }
}

/** Throws WowsimError: "nothing_to_undo", "deploy_busy", "timeout". */
export async function undo(control: Control, flags: UndoFlags, signal: AbortSignal): Promise<Undone> {
  const { zoneId, hash, isDry, reason = "" } = flags;
  const request = { command: "deploy_undo", zone_id: zoneId, hash, dry_run: isDry, by: whoAmI(), reason };
  const { zones } = z.object({ zones: z.array(z.number().int()) }).parse(await control.ask(request));
  const undos = await ended(control, zones, signal);
  return { isDone: undos.every(({ state }) => state === "done"), undos };
}

/** The newest undos of these zones, when none is under way any more. Throws WowsimError("timeout"). */
async function ended(control: Control, zones: readonly number[], signal: AbortSignal): Promise<RemoteUndo[]> {
  for (const endMs = performance.now() + UNDO_MS_MAX; performance.now() < endMs;) {
    const { undos } = Undos.parse(await control.ask({ command: "deploy_undo_report" }));
    const meant = undos.filter(({ zone_id: id }) => zones.includes(id));
    if (meant.every(({ state }) => state === "done" || state === "failed")) return meant;
    await sleep(POLL_MS, signal);
  }
  throw new WowsimError("timeout", `Waited ${UNDO_MS_MAX / 1_000} s for the undo, in vain; it goes on in the server.`);
}
