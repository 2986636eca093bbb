// What can be undone in a zone, by its journal.
//
//   lookInJournal(journal, { zone: 1, module: null, modules })
//   // { look: { zoneId: 1, open: { module: "a2f5…", through: "6f1c…", fromTick: 730, isInPlace: false }, why: "" }, course: { ... } }

import { z } from "zod";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { messageOf } from "../protocol/errors.ts";
import type { RecordedModules } from "../replay/modules.ts";
import type { OpenJournal } from "../replay/open-journal.ts";
import type { UndoLook } from "../shared/zone-messages.ts";
import type { StoredEvent } from "../store/world-rows.ts";
import { findUndo, spansOf } from "./journal-course.ts";
import type { FoundCourse } from "./journal-course.ts";

/** What events of deploys and incidents say of themselves. */
const Told = z.object({
  message: z.string().optional(),
  what: z.string().optional(),
  to_hash: z.string().optional(),
  from_tick: z.number().optional(),
});
type ToldEvent = StoredEvent & z.infer<typeof Told>;

export interface JournalLook {
  look: UndoLook;
  /** Null: nothing can be undone. */
  course: FoundCourse | null;
  /** The module before the swap. */
  through: Kernel | null;
}

export interface LookOptions {
  zone: number;
  /** Only what this module did, by hash; null: the last one. */
  module: string | null;
  modules: Pick<RecordedModules, "get">;
}

/** Never throws for what the journal lacks: `look.why` says it. */
export function lookInJournal({ reader }: OpenJournal, { zone, module, modules }: LookOptions): JournalLook {
  const spans = spansOf(reader, zone, []);
  const newest = spans.at(-1);
  const zoneId = zone;
  const common = { zoneId, tick: newest?.end ?? 0, runs: newest?.module ?? "", isInJournal: true };
  try {
    const events = reader.events().flatMap((event) => told(event, zone));
    const deployed = (hash: string): boolean =>
      events.some(({ kind, to_hash: to }) => kind === "deploy" && to === hash);
    const undone = events
      .filter(({ kind, what }) => kind === "incident" && what === "undo")
      .map(({ from_tick: fromTick = -1, tick }) => ({ fromTick, tick }));
    const course = findUndo(zone, spans, { module, deployed, undone });
    const { module: bad, through, fromTick } = course;
    const open = { module: bad, through, fromTick, isInPlace: common.runs !== through };
    return { look: { ...common, open, why: "" }, course, through: modules.get(through) };
  } catch (error) {
    return { look: { ...common, open: null, why: messageOf(error) }, course: null, through: null };
  }
}

function told(event: StoredEvent, zone: number): ToldEvent[] {
  if (event.zone !== zone || (event.kind !== "deploy" && event.kind !== "incident")) return [];
  const found = Told.safeParse(parsed(event.json));
  return found.success ? [{ ...event, ...found.data }] : [];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The text of an event that can not be read says nothing.
    return null;
  }
}
