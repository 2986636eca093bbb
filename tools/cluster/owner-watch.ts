// Who owns each zone, as it changes: a takeover is told when it is done.
//
//   const watch = new OwnerWatch(controller.status().zones, ({ zone, from, to }) => ...)
//   watch.follow(() => controller.status().zones)

import { runs } from "../../server/protocol/cluster.ts";
import type { ZoneStatus } from "../../server/protocol/cluster.ts";

const LOOK_MS = 100;

export interface OwnerChange {
  zone: number;
  /** Null: nobody is heard to have had it. */
  from: string | null;
  to: string;
  epoch: number;
}

export class OwnerWatch {
  readonly #owners = new Map<number, { host: string | null; epoch: number }>();
  readonly #onChange: (change: OwnerChange) => void;
  #timer: Timer | null = null;

  constructor(zones: readonly ZoneStatus[], onChange: (change: OwnerChange) => void) {
    this.#onChange = onChange;
    for (const { zone, host, epoch } of zones) this.#owners.set(zone, { host, epoch });
  }

  /** Zones whose last known owner is that host. */
  ownedBy(host: string): number[] {
    return [...this.#owners].filter(([, owner]) => owner.host === host).map(([zone]) => zone);
  }

  follow(zones: () => readonly ZoneStatus[]): void {
    this.#timer = setInterval(() => this.look(zones()), LOOK_MS);
  }

  /** Tells of each zone that has another epoch, once its owner says that it runs. */
  look(zones: readonly ZoneStatus[]): void {
    for (const { zone, host, epoch, state } of zones) {
      const known = this.#owners.get(zone);
      if (host === null || !runs({ state }) || known?.epoch === epoch) continue;
      this.#owners.set(zone, { host, epoch });
      this.#onChange({ zone, from: known?.host ?? null, to: host, epoch });
    }
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
