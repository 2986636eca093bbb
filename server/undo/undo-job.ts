// What the worker that reads the journal for an undo does, message by message (server/shared/undo-messages.ts).
//
//   const job = new UndoJob({ say, now, cpuMs })
//   job.receive({ type: "find", journal, zones: [1], module: null })
//   job.receive({ type: "run", zoneId: 1 }); job.receive({ type: "until", tick: 4711 })
//
// It opens the journal for a moment at a time, since the server can not tidy up its write-ahead log meanwhile.

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { layoutEntries } from "../../assembly/toolchain/load.ts";
import { loadContent } from "../protocol/content/load.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { RecordedModules } from "../replay/modules.ts";
import { openJournal } from "../replay/open-journal.ts";
import type { OpenJournal } from "../replay/open-journal.ts";
import type { FoundUndo, FromUndoWorker, ToUndoWorker, UndoJournal } from "../shared/undo-messages.ts";
import type { ZoneModule } from "../shared/zone-start.ts";
import { impossible } from "./journal-course.ts";
import type { FoundCourse } from "./journal-course.ts";
import { lookInJournal } from "./journal-look.ts";
import { JournalRerun } from "./journal-rerun.ts";

export interface UndoJobHost {
  say: (message: FromUndoWorker) => void;
  /** Milliseconds. */
  now: () => number;
  /** Processor time of this thread in milliseconds. */
  cpuMs: () => number;
}

/** Of one look at the journal: then messages get their turn. */
const SLICE_MS = 100;
/** Between two looks when there is nothing new. */
const LOOK_MS = 20;
/** So few ticks behind the journal's end the zone begins to keep its batches. */
const NEAR_TICKS = 40;
/** How long the journal may take to have a tick that the zone has run. */
const WRITTEN_MS_MAX = 15_000;

export class UndoJob {
  readonly #host: UndoJobHost;
  readonly #kernels = new Map<string, Kernel>();
  readonly #courses = new Map<number, FoundCourse>();
  #journal: UndoJournal | null = null;
  #until: number | null = null;
  #wake: () => void = () => undefined;

  constructor(host: UndoJobHost) {
    this.#host = host;
  }

  receive(message: ToUndoWorker): void {
    if (message.type === "until") {
      this.#until = message.tick;
      this.#wake();
      return;
    }
    const work = message.type === "find" ? this.#find(message) : this.#play(message.zoneId);
    work.catch((error: unknown) => {
      const code = error instanceof WowsimError ? error.code : "undo_failed";
      this.#host.say({ type: "failed", code, message: messageOf(error) });
    });
  }

  async #find({ journal, zones, module }: Extract<ToUndoWorker, { type: "find" }>): Promise<void> {
    this.#journal = journal;
    using open = openJournal(journal, false);
    const modules = { get: (hash: string) => this.#kernelOf(hash, open) };
    const found = zones.map((zone): FoundUndo => {
      const { look, course, through } = lookInJournal(open, { zone, module, modules });
      if (course !== null) this.#courses.set(zone, course);
      return { look, sinceMs: course?.sinceMs ?? 0, through: through === null ? null : zoneModule(through) };
    });
    this.#host.say({ type: "found", found });
  }

  async #play(zone: number): Promise<void> {
    const { say, now, cpuMs } = this.#host;
    const [journal, course] = [this.#journal, this.#courses.get(zone)];
    if (journal === null || course === undefined) throw impossible(`nothing was found in zone ${zone}`);
    this.#until = null;
    const rerun = new JournalRerun({
      zone,
      course,
      kernelOf: (hash, open) => this.#kernelOf(hash, open),
      portals: journal.portals.get(zone) ?? [],
      content: loadContent(),
      tickRateHz: journal.tickRateHz,
      now,
      cpuMs,
    });
    while (this.#advance(journal, rerun) > NEAR_TICKS) await this.#pause(0);
    say({ type: "near" });
    const untilMs = now() + WRITTEN_MS_MAX;
    while (this.#until === null || rerun.tick < this.#until) {
      if (this.#until !== null) this.#advance(journal, rerun);
      if (now() > untilMs) throw impossible(`the journal does not have tick ${this.#until ?? rerun.tick} in time`);
      if (rerun.tick !== this.#until) await this.#pause(LOOK_MS);
    }
    if (rerun.tick > this.#until) throw impossible(`zone ${zone} went back to tick ${this.#until}; try again`);
    say({ type: "history", history: rerun.history });
  }

  /** How many ticks the journal has after the newest one that was run. */
  #advance(journal: UndoJournal, rerun: JournalRerun): number {
    using open = openJournal(journal, false);
    const untilMs = this.#host.now() + SLICE_MS;
    return rerun.advance(open, this.#until, () => this.#host.now() >= untilMs);
  }

  #kernelOf(hash: string, { reader }: OpenJournal): Kernel {
    const kernel = this.#kernels.get(hash) ?? new RecordedModules(reader).get(hash);
    this.#kernels.set(hash, kernel);
    return kernel;
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}

function zoneModule({ module, hash, label, layout }: Kernel): ZoneModule {
  return { module, hash, label, layout: layoutEntries(layout) };
}
