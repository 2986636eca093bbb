// Which zones this host takes over. It hears the records of all zones; a zone that is silent for half a second, or was given away, is taken
// by whoever fences it first. Hosts with fewer zones are quicker, so that zones spread.
//
//   const ownership = new Ownership({ bus, names, host: "a", zones: [1, 2], owner, now })
//   ownership.start()            // owner.take(2, { after: 812, epoch: 6 })
//   ownership.gives(2)           // this host hands it over, and is the last to take it again
//   await ownership.stop()
//
// Silence counts only while this host's own connection is up: a host that is cut off hears nobody.

import type { Bus } from "../../bus/bus.ts";
import type { BusNames } from "../../bus/subjects.ts";
import { isCode } from "../../bus/zone-stream.ts";
import { entryOf } from "../../protocol/assert.ts";
import { TOLD } from "./stream-journal.ts";

/** A zone writes a record each tick; one that writes none for so long has nobody who runs it. */
export const SILENCE_MS_MAX = 500;
/** How much later a host takes a zone for each one that it has already; more at the start, when all zones are free. */
const LATER_MS = 40;
const LATER_MS_AT_START = 150;
/** When a zone is given to a named host, how much later others take it. */
const NOT_NAMED_MS = 300;
/** A new owner reads the journal and starts a worker before its first record. */
const BEGIN_MS_MAX = 2_000;
/** After a loss of the connection the owners of zones may need longer to be back than this host. */
const BACK_MS_MAX = 2_000;
const LOOK_MS = 20;
const RETRY_MS = 500;

/** What is known of a zone that is taken. */
export interface Taking {
  /** The newest message of its stream that was heard; undefined: none was. */
  after: number | undefined;
  epoch: number | undefined;
}

export interface ZoneOwner {
  readonly owned: readonly number[];
  /** Throws WowsimError("fenced") when another host was quicker. */
  take(zone: number, taking: Taking): Promise<void>;
}

export interface OwnershipOptions {
  /** The connection of the journals. */
  bus: Bus;
  names: BusNames;
  /** Name of this host. */
  host: string;
  zones: readonly number[];
  owner: ZoneOwner;
  /** A zone could not be taken. */
  onTrouble?: (zone: number, error: unknown) => void;
  /** Milliseconds, monotonic. */
  now: () => number;
}

interface Heard {
  zone: number;
  /** When a record was heard last, or when this host began to listen. */
  atMs: number;
  sequence: number | undefined;
  epoch: number | undefined;
  /** It was given away, to this host or to another one; null: to anybody. Undefined: it was not. */
  givenTo: string | null | undefined;
  isTaking: boolean;
}

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #zones: Map<number, Heard>;
  readonly #taking = new Set<Promise<void>>();
  #undo: (() => void)[] = [];
  #isStopped = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    const atMs = options.now();
    const none = { sequence: undefined, epoch: undefined, givenTo: undefined, isTaking: false };
    this.#zones = new Map(fromOwn(options.zones, options.host).map((zone) => [zone, { zone, atMs, ...none }]));
  }

  /** Every zone is run by somebody, as far as this host hears. */
  get isSettled(): boolean {
    const { now, owner } = this.#options;
    const own = new Set(owner.owned);
    const since = now() - SILENCE_MS_MAX;
    return [...this.#zones.values()].every(
      ({ zone, sequence, atMs, isTaking }) => own.has(zone) || (!isTaking && sequence !== undefined && atMs >= since),
    );
  }

  start(): void {
    const { bus, names } = this.#options;
    const timer = setInterval(() => this.#look(), LOOK_MS);
    this.#undo.push(
      () => clearInterval(timer),
      bus.listen({ back: () => this.#beginAnew() }),
      bus.subscribe(names.heard("*"), (subject, _bytes, head) => this.#hears(names.zoneOf(subject), head)),
    );
  }

  /** This host gives the zone away. */
  gives(zone: number): void {
    entryOf(this.#zones, zone).atMs = this.#options.now() + SILENCE_MS_MAX;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const undo of this.#undo.splice(0)) undo();
    await Promise.all(this.#taking);
  }

  #hears(zone: number | null, head: { get(name: string): string }): void {
    const heard = this.#zones.get(zone ?? -1);
    if (heard === undefined) return;
    heard.atMs = this.#options.now() + (head.get(TOLD.kind) === "fence" ? BEGIN_MS_MAX : 0);
    heard.sequence = numberOf(head.get("Nats-Sequence")) ?? heard.sequence;
    heard.epoch = numberOf(head.get(TOLD.epoch)) ?? heard.epoch;
    const isGiven = head.get(TOLD.kind) === "release";
    heard.givenTo = isGiven ? head.get(TOLD.to) || null : undefined;
    if (isGiven) this.#look();
  }

  /** What was said while this host was cut off is not known. */
  #beginAnew(): void {
    const atMs = this.#options.now() + BACK_MS_MAX;
    for (const heard of this.#zones.values()) [heard.atMs, heard.sequence] = [atMs, undefined];
  }

  #look(): void {
    const { bus, owner, now } = this.#options;
    if (this.#isStopped || !bus.isConnected) return;
    const own = new Set(owner.owned);
    for (const heard of this.#zones.values()) {
      if (heard.isTaking || own.has(heard.zone) || now() < this.#dueMs(heard, own.size + this.#taking.size)) continue;
      this.#take(heard);
    }
  }

  /** When this host may take the zone. */
  #dueMs({ atMs, sequence, givenTo }: Heard, zones: number): number {
    if (givenTo === this.#options.host) return atMs;
    if (givenTo !== undefined) return atMs + zones * LATER_MS + (givenTo === null ? 0 : NOT_NAMED_MS);
    return atMs + SILENCE_MS_MAX + zones * (sequence === undefined ? LATER_MS_AT_START : LATER_MS);
  }

  #take(heard: Heard): void {
    const { owner, onTrouble, now } = this.#options;
    const { zone, sequence: after, epoch } = heard;
    heard.isTaking = true;
    heard.givenTo = undefined;
    const taking = owner
      .take(zone, { after, epoch })
      .catch((error: unknown) => {
        heard.atMs = isCode(error, "fenced") ? now() : now() + RETRY_MS;
        if (isCode(error, "fenced")) heard.sequence = undefined;
        else onTrouble?.(zone, error);
      })
      .finally(() => {
        heard.isTaking = false;
        this.#taking.delete(taking);
      });
    this.#taking.add(taking);
  }
}

/** The zones, beginning with another one for each host: so they do not all try the same first. */
function fromOwn(zones: readonly number[], host: string): number[] {
  const first = zones.length === 0 ? 0 : Number(Bun.hash.crc32(host)) % zones.length;
  return [...zones.slice(first), ...zones.slice(0, first)];
}

function numberOf(text: string): number | undefined {
  return text === "" ? undefined : Number(text);
}
