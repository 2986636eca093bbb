// Whether the server can take players: all its sockets listen, and a zone ticks.
//
//   const readiness = new Readiness(["game", "control", "http", "telemetry"], () => performance.now())
//   readiness.check()     // { ready: false, reasons: ["The game port does not listen yet.", "No zone has ticked yet."] }
//   readiness.up("game")
//   supervisor.onTick((report) => readiness.observeTick(report))

import type { TickReport, ZoneState } from "../zone/messages.ts";

/** A zone whose newest tick is older does not tick. */
const TICK_AGE_MS_MAX = 2000;
const PLAYABLE: ReadonlySet<ZoneState> = new Set(["ACTIVE", "DEGRADED"]);

export interface ReadinessVerdict {
  ready: boolean;
  /** Why not, for people; empty when ready. */
  reasons: string[];
}

export class Readiness {
  readonly #waitingFor: Set<string>;
  readonly #now: () => number;
  readonly #zones = new Map<number, { state: ZoneState; atMs: number }>();
  #stopping = false;

  /** `listeners`: names of what must be up. `now`: milliseconds, monotonic. */
  constructor(listeners: Iterable<string>, now: () => number) {
    this.#waitingFor = new Set(listeners);
    this.#now = now;
  }

  /** The listener of this name is up. */
  up(listener: string): void {
    this.#waitingFor.delete(listener);
  }

  observeTick({ zoneId, state }: TickReport): void {
    const known = this.#zones.get(zoneId);
    if (known === undefined) this.#zones.set(zoneId, { state, atMs: this.#now() });
    else {
      known.state = state;
      known.atMs = this.#now();
    }
  }

  /** From now on the server is neither ready nor alive. */
  stop(): void {
    this.#stopping = true;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  check(): ReadinessVerdict {
    const reasons = [...this.#waitingFor].map((listener) => `The ${listener} port does not listen yet.`);
    if (this.#stopping) reasons.push("The server is stopping.");
    if (this.#zones.size === 0) reasons.push("No zone has ticked yet.");
    else if (!this.#anyZoneTicks()) reasons.push(...this.#whyNoneTicks());
    return { ready: reasons.length === 0, reasons };
  }

  #anyZoneTicks(): boolean {
    const nowMs = this.#now();
    return [...this.#zones.values()].some(({ state, atMs }) => PLAYABLE.has(state) && nowMs - atMs <= TICK_AGE_MS_MAX);
  }

  #whyNoneTicks(): string[] {
    const nowMs = this.#now();
    return [...this.#zones].map(
      ([id, { state, atMs }]) => `Zone ${id} is ${state}; its last tick was ${Math.round(nowMs - atMs)} ms ago.`,
    );
  }
}
