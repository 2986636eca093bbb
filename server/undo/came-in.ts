// The batches of ticks as they came in. The journal has each as it was applied in the end; a tick that trapped was applied without the
// commands that were taken out of it. The module before may handle those, so an undo runs them too, as far as an incident has kept them.
//
//   const batches = new CameIn(1)
//   batches.of(journal, { tick, batch })

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { OpenJournal } from "../replay/open-journal.ts";
import type { StoredTick } from "../store/world-rows.ts";
import { withoutPoison } from "../zone/undo-record.ts";

export class CameIn {
  readonly #zone: number;
  /** By tick, the batches that trapped. */
  readonly #trapped = new Map<number, Uint8Array>();
  #lsn = 0;

  constructor(zone: number) {
    this.#zone = zone;
  }

  /** Reads the incidents that are new. An incident is in the journal before its tick. */
  look({ reader }: OpenJournal): void {
    for (const { lsn, kind, zone, tick, body } of reader.events(this.#lsn)) {
      this.#lsn = lsn + 1;
      if (kind === "incident" && zone === this.#zone && body.length > 0) this.#trapped.set(tick, body);
    }
  }

  /** The batch as it came in, without a fault's poison commands. */
  of({ tick, batch }: Pick<StoredTick, "tick" | "batch">): Uint8Array {
    const trapped = this.#trapped.get(tick);
    const whole = trapped !== undefined && contains(trapped, batch) ? trapped : batch;
    const kept = new Uint8Array(whole.length);
    return kept.subarray(0, withoutPoison(whole, kept, 0));
  }
}

/** Whether all commands of `batch` are in `whole`, in this order. */
function contains(whole: Uint8Array, batch: Uint8Array): boolean {
  let at = 0;
  for (let from = 0; from < whole.length && at < batch.length; from += COMMAND_BYTES) {
    const command = whole.subarray(from, from + COMMAND_BYTES);
    if (Buffer.compare(command, batch.subarray(at, at + COMMAND_BYTES)) === 0) at += COMMAND_BYTES;
  }
  return at === batch.length;
}
