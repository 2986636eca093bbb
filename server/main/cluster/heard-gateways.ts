// The gateways that a zone host hears: each gets what zones tell, for some time after its last heartbeat.
//
//   const heard = new HeardGateways(bus, names, now)
//   heard.alive()              // [1, 2]
//   heard.close()

import type { BusNames } from "../../bus/subjects.ts";
import { gatewayBeatOf } from "./beats.ts";
import type { ZoneBus } from "./bus-zones.ts";

/** Longer than a gateway may be silent before others take its players: then nobody listens any more. */
const ALIVE_MS = 5_000;

export class HeardGateways {
  readonly #now: () => number;
  readonly #heardAtMs = new Map<number, number>();
  readonly #unsubscribe: () => void;

  /** `now`: milliseconds, monotonic. */
  constructor(bus: ZoneBus, names: BusNames, now: () => number) {
    this.#now = now;
    this.#unsubscribe = bus.subscribe(names.gatewayBeat("*"), (_subject, bytes) => {
      const beat = gatewayBeatOf(bytes);
      if (beat !== null) this.#heardAtMs.set(beat.gateway, this.#now());
    });
  }

  alive(): Iterable<number> {
    const since = this.#now() - ALIVE_MS;
    for (const [gateway, atMs] of this.#heardAtMs) if (atMs < since) this.#heardAtMs.delete(gateway);
    return this.#heardAtMs.keys();
  }

  close(): void {
    this.#unsubscribe();
  }
}
