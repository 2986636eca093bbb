// Which module each zone begins with should its worker have to be begun again: the last one that was promoted there, never
// one that is still on trial.
//
//   modules.offered(1, candidate)           // zone 1 is asked to take it
//   modules.runs(1, candidate.hash, true)   // and says that it runs it, on trial
//   modules.standing(1)                     // what ran before
//   modules.runs(1, candidate.hash, false)  // promoted
//   modules.standing(1)                     // the candidate

import { withEarlier } from "../../shared/zone-start.ts";
import type { ZoneModule } from "../../shared/zone-start.ts";
import { entryOf } from "../../protocol/assert.ts";

interface Held {
  standing: ZoneModule;
  /** What stood before, newest first. */
  earlier: ZoneModule[];
  canary: ZoneModule | null;
  /** What it was asked to take lately, newest first. */
  offers: ZoneModule[];
}

/** A zone answers one offer before the deployer makes the next; some more, should an answer be late. */
const OFFERS_MAX = 4;

export class ZoneModules {
  readonly #zones = new Map<number, Held>();
  readonly #labels = new Map<string, string>();

  constructor(boot: ZoneModule, zones: Iterable<number>) {
    const standing = alone(boot);
    this.#labels.set(boot.hash, boot.label);
    for (const id of zones) this.#zones.set(id, { standing, earlier: [], canary: null, offers: [] });
  }

  /** What people call the module; its hash when nobody said. */
  label(hash: string): string {
    return this.#labels.get(hash) ?? hash;
  }

  /** What the zone begins anew with. */
  standing(zoneId: number): ZoneModule {
    return this.#of(zoneId).standing;
  }

  /** What stood there before, newest first: what the zone falls back to when it can not begin with that. */
  earlier(zoneId: number): ZoneModule[] {
    return this.#of(zoneId).earlier;
  }

  /** What the zone runs on trial, or null. */
  canary(zoneId: number): ZoneModule | null {
    return this.#of(zoneId).canary;
  }

  /** The zone is asked to take the module. */
  offered(zoneId: number, module: ZoneModule): void {
    this.#labels.set(module.hash, module.label);
    const { offers } = this.#of(zoneId);
    offers.unshift(alone(module));
    offers.splice(OFFERS_MAX);
  }

  /** The zone's own word on what it runs; of a module that nobody offered it nothing is kept. */
  runs(zoneId: number, hash: string, isTrial: boolean): void {
    const zone = this.#of(zoneId);
    const module = [...zone.offers, zone.canary, zone.standing, ...zone.earlier].find((known) => known?.hash === hash);
    if (module === undefined || module === null) return;
    if (!isTrial && hash !== zone.standing.hash) {
      zone.earlier = withEarlier(zone.earlier, zone.standing).filter((known) => known.hash !== hash);
      zone.standing = module;
    }
    zone.canary = isTrial ? module : null;
  }

  /** The zone is back on what stood before. */
  rolledBack(zoneId: number): void {
    this.#of(zoneId).canary = null;
  }

  #of(zoneId: number): Held {
    return entryOf(this.#zones, zoneId);
  }
}

/** Nothing but what a worker can be sent. */
function alone({ module, hash, label, layout }: ZoneModule): ZoneModule {
  return { module, hash, label, layout };
}
