// The terms of what each client is shown in a tick: bytes, and how often each field of each record was sent.
//
//   CHANGE of 1000001 to session 12, position and health      shown.change.position 1, shown.change.health 1
//
// A field that a kernel no longer sends shows as a term with fewer times; one that it sends with another value has another mark.

import * as abi from "../../assembly/abi.ts";
import { outputBytesOf } from "../lockstep/outputs.ts";
import type { StateView } from "./state-view.ts";
import { mix } from "./tick-sums.ts";
import type { TickSums } from "./tick-sums.ts";
import { SHOWN } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

const HEADER_WORDS = abi.FRAME_HEADER_BYTES / 4;
/** Fields of RECORD_SELF, in their order. */
const OF_SELF = [
  SHOWN["self.health"],
  SHOWN["self.max_health"],
  SHOWN["self.power"],
  SHOWN["self.max_power"],
  SHOWN["self.target"],
  SHOWN["self.cast"],
  SHOWN["self.cast_end"],
  SHOWN["self.gcd"],
];

export class FrameTerms {
  readonly #view: StateView;
  readonly #vocabulary: Vocabulary;
  readonly #sums: TickSums;
  readonly #shown: Int32Array;

  constructor(view: StateView, vocabulary: Vocabulary, sums: TickSums) {
    this.#view = view;
    this.#vocabulary = vocabulary;
    this.#sums = sums;
    this.#shown = Int32Array.from(Object.values(SHOWN), (key) => vocabulary.of("shown", key));
  }

  /** Of a kernel whose output was checked; what does not hold together is counted as unreadable, and the rest left out. */
  tally(): void {
    const { lane, words } = this.#view;
    const first = lane.at.frames / 4;
    const end = first + outputBytesOf(lane, "frames") / 4;
    for (let at = first; at < end;) {
      const bytes = words[at + abi.FRAME_LENGTH / 4] ?? 0;
      const next = at + (bytes >>> 2);
      if (bytes < abi.FRAME_HEADER_BYTES || next > end) return this.#field(SHOWN.unreadable, 0, 0, 0);
      const session = words[at + abi.FRAME_SESSION / 4] ?? 0;
      this.#field(SHOWN.frames, session, 0, 0);
      this.#sums.add(this.#shown[SHOWN.bytes] ?? 0, bytes, session, 0);
      this.#field(SHOWN.ack, session, words[at + abi.FRAME_ACK / 4] ?? 0, 0);
      this.#records(at + HEADER_WORDS, next, session);
      at = next;
    }
  }

  #records(from: number, end: number, session: number): void {
    const { words } = this.#view;
    for (let at = from; at < end;) {
      const head = words[at] ?? 0;
      const length = (head >>> 8) & 0xff;
      if (length === 0 || at + length > end) return this.#field(SHOWN.unreadable, session, 0, 0);
      this.#record(head & 0xff, head >>> 16, at, length, session);
      at += length;
    }
  }

  #record(kind: number, info: number, at: number, length: number, session: number): void {
    const { words } = this.#view;
    const entity = words[at + 1] ?? 0;
    switch (kind) {
      case abi.RECORD_CHANGE:
        return this.#change(info, at, entity, session);
      case abi.RECORD_SELF:
        for (const [index, key] of OF_SELF.entries()) this.#field(key, session, words[at + 1 + index] ?? 0, 0);
        return;
      case abi.RECORD_ENTER:
        return this.#enter(info, at, entity, session);
      case abi.RECORD_LEAVE:
        return this.#field(SHOWN.leave, entity, 0, session);
      case abi.RECORD_EVENT:
        return this.#event(info, at, length, session);
      case abi.RECORD_AURAS:
        return this.#field(SHOWN.auras, entity, this.#hash(at, length), session);
      case abi.RECORD_RESET:
        return this.#field(SHOWN.reset, session, 0, 0);
      case abi.RECORD_PACE:
        return this.#field(SHOWN.pace, session, this.#hash(at, length), 0);
      case abi.RECORD_STACKS:
        return this.#field(SHOWN.stacks, session, this.#hash(at, length), 0);
      default:
        return this.#field(SHOWN.unreadable, session, this.#hash(at, length), 0);
    }
  }

  #change(mask: number, at: number, entity: number, session: number): void {
    const { words } = this.#view;
    let field = at + 2;
    if ((mask & abi.CHANGE_POSITION) !== 0) {
      this.#field(SHOWN["change.position"], entity, this.#hash(field, 3), session);
      field += 3;
    }
    if ((mask & abi.CHANGE_HEALTH) !== 0) {
      this.#field(SHOWN["change.health"], entity, this.#hash(field, 2), session);
      field += 2;
    }
    if ((mask & abi.CHANGE_FLAGS) !== 0) this.#field(SHOWN["change.flags"], entity, words[field++] ?? 0, session);
    if ((mask & abi.CHANGE_TARGET) !== 0) this.#field(SHOWN["change.target"], entity, words[field++] ?? 0, session);
    if ((mask & abi.CHANGE_CAST) !== 0) this.#field(SHOWN["change.cast"], entity, this.#hash(field, 2), session);
  }

  #enter(kind: number, at: number, entity: number, session: number): void {
    const { words } = this.#view;
    this.#field(SHOWN["enter.kind"], entity, kind, session);
    this.#field(SHOWN["enter.position"], entity, this.#hash(at + 2, 3), session);
    this.#field(SHOWN["enter.health"], entity, this.#hash(at + 5, 2), session);
    this.#field(SHOWN["enter.target"], entity, words[at + 7] ?? 0, session);
    this.#field(SHOWN["enter.flags"], entity, words[at + 8] ?? 0, session);
  }

  #event(info: number, at: number, length: number, session: number): void {
    const [source, target] = [this.#view.words[at + 1] ?? 0, this.#view.words[at + 2] ?? 0];
    const term = this.#vocabulary.of("shown.event", info & 0xff);
    const content = this.#sums.isMarking ? mix(this.#hash(at, length), session) : 0;
    this.#sums.add(term, 1, target === 0 ? source : target, content);
  }

  #field(key: number, entity: number, content: number, session: number): void {
    this.#sums.add(this.#shown[key] ?? 0, 1, entity, this.#sums.isMarking ? mix(content, session) : 0);
  }

  #hash(from: number, count: number): number {
    if (!this.#sums.isMarking) return 0;
    const { words } = this.#view;
    let hash = 0;
    for (let word = from; word < from + count; word++) hash = mix(hash, words[word] ?? 0);
    return hash;
  }
}
