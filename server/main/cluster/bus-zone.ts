// One zone as a gateway sees it over the bus: what the zone told last, and the commands on their way to it.
//
//   const zone = new BusZone(1, "Elwynn Forest")
//   zone.hears(head, now)       // "stale": an epoch below the newest; "anew": players must be told everything anew; "next"
//   zone.isSilent(now)          // nothing came for two seconds

import type { ZoneBatchHead } from "../../bus/wire.ts";
import type { ZoneView } from "../../shared/zone-link.ts";
import type { ZoneState } from "../../shared/zone-messages.ts";
import { CommandQueue } from "./command-queue.ts";

/** A zone that says nothing for so long waits for its next owner, and its players with it. */
export const SILENCE_MS_MAX = 2_000;
/** Commands that no tick has told are sent again after this time. */
const RESEND_MS = 1_000;
/** Batches for which `applied` must stand still before this gateway continues the numbers of an earlier one. */
const SETTLED_BATCHES = 40;
/** A report of another state than the last message counts when it was repeated so often: the two may cross. */
const DOUBTED_REPORTS = 20;

export class BusZone implements ZoneView {
  readonly id: number;
  readonly name: string;
  state: ZoneState = "DOWN";
  /** Why it is in that state; "" when nobody said. */
  reason = "";
  tick = 0;
  overloadLevel = 0;
  /** Players in it, of all gateways. */
  players = 0;
  /** Of its owner; 0 before anything was heard of it. */
  epoch = 0;
  readonly queue: CommandQueue;
  /** The state that its owner told last; null before that. `state` is CRASHED instead while the zone is silent. */
  #told: ZoneState | null = null;
  #heardAtMs = 0;
  /** When the oldest command under way was sent, or commands were done since. */
  #movedAtMs = 0;
  /** Batches since `applied` last changed, before the first command was sent; null when the numbers are known. */
  #settling: number | null = 0;
  #applied = 0;
  /** Reports in a row that told another state. */
  #doubted = 0;

  constructor(id: number, name: string, queue = new CommandQueue()) {
    this.id = id;
    this.name = name;
    this.queue = queue;
  }

  /** Commands may be sent: its epoch and its numbers are known. */
  get isOpen(): boolean {
    return this.epoch !== 0 && this.#settling === null;
  }

  /** A batch of the zone came. "anew": by a new owner, or something before it was lost. */
  hears({ epoch, tick, applied }: ZoneBatchHead, nowMs: number): "stale" | "anew" | "next" {
    if (epoch < this.epoch) return "stale";
    const isFirst = this.epoch === 0;
    const isNew = epoch > this.epoch;
    const isGap = !isNew && tick !== this.tick && tick !== this.tick + 1;
    this.#heardAtMs = nowMs;
    this.tick = tick;
    if (isNew) this.#begins(epoch, applied, isFirst);
    else this.#counts(applied, nowMs);
    return !isFirst && (isNew || isGap) ? "anew" : "next";
  }

  /** The numbers of a new epoch begin with 1, except when an earlier gateway with this one's number has used some of it. */
  #begins(epoch: number, applied: number, isFirst: boolean): void {
    this.epoch = epoch;
    this.#told = null;
    this.#applied = applied;
    this.#settling = isFirst && applied > 0 ? 0 : null;
    this.queue.begins(applied);
  }

  #counts(applied: number, nowMs: number): void {
    if (this.#settling !== null) {
      this.#settling = applied === this.#applied ? this.#settling + 1 : 0;
      this.#applied = applied;
      if (applied > 0 && this.#settling < SETTLED_BATCHES) return;
      this.#settling = null;
      this.queue.begins(applied);
    } else if (applied < this.queue.appliedNumber) this.queue.begins(applied);
    else if (this.queue.applied(applied)) this.#movedAtMs = nowMs;
  }

  /** Commands were just sent. */
  sent(nowMs: number, wasUnderWay: boolean): void {
    if (!wasUnderWay) this.#movedAtMs = nowMs;
  }

  /** True when what is under way must be sent again. */
  mustResend(nowMs: number): boolean {
    if (!this.queue.isUnderWay || nowMs - this.#movedAtMs < RESEND_MS) return false;
    this.#movedAtMs = nowMs;
    this.queue.goBack();
    return true;
  }

  isSilent(nowMs: number): boolean {
    return this.epoch !== 0 && nowMs - this.#heardAtMs > SILENCE_MS_MAX;
  }

  /** The state that the zone is in now, after a message of it. */
  tells(state: ZoneState): void {
    this.#told = state;
    this.#doubted = 0;
  }

  /** The state by its report: that of its last message, until many reports say otherwise because the message was lost. */
  reports(state: ZoneState): ZoneState {
    this.#doubted = state === this.#told ? 0 : this.#doubted + 1;
    if (this.#told === null || this.#doubted >= DOUBTED_REPORTS) this.tells(state);
    return this.#told ?? state;
  }
}
