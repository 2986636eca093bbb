// Sequence numbers for commands that are put between recorded ones. A kernel takes each number once, and only rising ones; so a command
// that is added takes the session's next number, and the recorded ones after it move up.
//
//   recorded 12: 40, 41        added after 41: 42        recorded later 12: 42, 43  →  43, 44

import { COMMAND_BYTES, COMMAND_SEQ, COMMAND_SESSION } from "../../assembly/abi.ts";

export class CommandNumbers {
  /** Commands added so far, by session. */
  readonly #added = new Map<number, number>();
  /** The highest number of the present batch, by session. */
  readonly #newest = new Map<number, number>();

  /** Moves the numbers of a batch's commands up, in place. 0 is no number, and stays. */
  renumber(batch: Uint8Array): void {
    this.#newest.clear();
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    for (let at = 0; at + COMMAND_BYTES <= batch.length; at += COMMAND_BYTES) {
      const recorded = view.getUint32(at + COMMAND_SEQ, true);
      if (recorded === 0) continue;
      const session = view.getUint32(at + COMMAND_SESSION, true);
      const seq = recorded + (this.#added.get(session) ?? 0);
      view.setUint32(at + COMMAND_SEQ, seq, true);
      this.#newest.set(session, Math.max(seq, this.#newest.get(session) ?? 0));
    }
  }

  /** For one more command of the session, after those of the batch; `acknowledged`: the highest that the zone has taken. */
  next(session: number, acknowledged: number): number {
    const seq = Math.max(acknowledged, this.#newest.get(session) ?? 0) + 1;
    this.#newest.set(session, seq);
    this.#added.set(session, (this.#added.get(session) ?? 0) + 1);
    return seq;
  }
}
