// Tells again and again of a disk that refuses writes: whoever comes later hears of it as well.
//
//   const watch = new DiskWatch({ telemetry, journal, telemetryFile, emitter, warn })
//   watch.look()            // once a second

import type { Emitter } from "../../protocol/telemetry-line.ts";

export interface DiskWatchParts {
  telemetry: { counter(name: "fileFailing"): number };
  /** `failing`: why the journal is not written; null when it is. */
  journal: { readonly failing: string | null };
  telemetryFile: string;
  emitter: Emitter;
  /** Gets a sentence for the operator's terminal. */
  warn: (warning: string) => void;
}

export class DiskWatch {
  readonly #parts: DiskWatchParts;
  #isFailing = false;

  constructor(parts: DiskWatchParts) {
    this.#parts = parts;
  }

  look(): void {
    const { telemetry, journal, telemetryFile, emitter, warn } = this.#parts;
    const isFailing = telemetry.counter("fileFailing") === 1;
    if (isFailing && !this.#isFailing)
      warn(`Telemetry can not be written to ${telemetryFile}; it is tried again, and kept as long as there is room.`);
    if (!isFailing && this.#isFailing) warn("Telemetry is written again.");
    this.#isFailing = isFailing;
    if (journal.failing !== null)
      emitter.emit("error", "journal", "Journal still not written", { error: journal.failing });
  }
}
