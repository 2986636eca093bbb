// The module with which each zone starts when its worker is restarted: the last one promoted there, never one that is
// still on trial.
//
//   modules.offered(1, candidate)           // zone 1 is asked to load it
//   modules.runs(1, candidate.hash, true)   // zone 1 reports that it runs it, on trial
//   modules.standing(1)                     // the previous module
//   modules.runs(1, candidate.hash, false)  // promoted
//   modules.standing(1)                     // the candidate

import { withEarlier } from "../../shared/zone-start.ts";
import type { ZoneModule } from "../../shared/zone-start.ts";
import { entryOf } from "../../protocol/assert.ts";

interface Held {
  standing: ZoneModule;
  /** The previously promoted modules, newest first. */
  earlier: ZoneModule[];
  canary: ZoneModule | null;
  /** The modules it was recently asked to load, newest first. */
  offers: ZoneModule[];
}

/** A zone answers one offer before the deployer makes the next; a few more are kept in case an answer is late. */
const OFFERS_MAX = 4;

export class ZoneModules {
  readonly #zones = new Map<number, Held>();
  readonly #labels = new Map<string, string>();

  constructor(boot: ZoneModule, zones: Iterable<number>) {
    const standing = alone(boot);
    this.#labels.set(boot.hash, boot.label);
    for (const id of zones) this.#zones.set(id, { standing, earlier: [], canary: null, offers: [] });
  }

  /** The label of the module for people; its hash when it has none. */
  label(hash: string): string {
    return this.#labels.get(hash) ?? hash;
  }

  /** The module with which the zone restarts. */
  standing(zoneId: number): ZoneModule {
    return this.#of(zoneId).standing;
  }

  /** An earlier server promoted this module in the zone. */
  stands(zoneId: number, module: ZoneModule): void {
    const zone = this.#of(zoneId);
    this.#labels.set(module.hash, module.label);
    zone.earlier = withEarlier(zone.earlier, zone.standing);
    zone.standing = alone(module);
  }

  /** A module that the zone ran, or was asked to run; null when there is none with this hash. */
  known(zoneId: number, hash: string): ZoneModule | null {
    const { offers, canary, standing, earlier } = this.#of(zoneId);
    return [...offers, canary, standing, ...earlier].find((module) => module?.hash === hash) ?? null;
  }

  /**
   * The previously promoted modules, newest first: the zone falls back to these when it can not start with the standing
   * one.
   */
  earlier(zoneId: number): ZoneModule[] {
    return this.#of(zoneId).earlier;
  }

  /** The module that the zone runs on trial, or null. */
  canary(zoneId: number): ZoneModule | null {
    return this.#of(zoneId).canary;
  }

  /** The zone is asked to load the module. */
  offered(zoneId: number, module: ZoneModule): void {
    this.#labels.set(module.hash, module.label);
    const { offers } = this.#of(zoneId);
    offers.unshift(alone(module));
    offers.splice(OFFERS_MAX);
  }

  /** The zone reports what it runs; a module that was never offered to it is ignored. */
  runs(zoneId: number, hash: string, isTrial: boolean): void {
    const zone = this.#of(zoneId);
    const module = this.known(zoneId, hash);
    if (module === null) return;
    if (!isTrial && hash !== zone.standing.hash) {
      zone.earlier = withEarlier(zone.earlier, zone.standing).filter((known) => known.hash !== hash);
      zone.standing = module;
    }
    zone.canary = isTrial ? module : null;
  }

  /** The zone runs its previous module again. */
  rolledBack(zoneId: number): void {
    this.#of(zoneId).canary = null;
  }

  #of(zoneId: number): Held {
    return entryOf(this.#zones, zoneId);
  }
}

/** Only the fields that can be sent to a worker. */
function alone({ module, hash, label, layout }: ZoneModule): ZoneModule {
  return { module, hash, label, layout };
}
