// What an earlier server left in the journal, in the form in which the main thread gets it.

import { FACT_KINDS } from "../store/world-rows.ts";
import type { WorldReader } from "../store/world-reader.ts";
import type { FoundModule, FoundWorld, FoundZone } from "../shared/journal-messages.ts";

/** What the file says of itself. */
export const META_KEYS = ["zones", "seed", "tick_rate", "boot_module"] as const;

export function findWorld(reader: WorldReader): FoundWorld {
  const problems = reader.problems();
  const zones = reader.zones(problems).map((zone) => findZone(reader, zone));
  const facts = FACT_KINDS.flatMap((kind) =>
    reader.facts(kind, problems).map(({ key, json }) => ({ kind, key, json })),
  );
  const meta: Record<string, string> = {};
  for (const key of META_KEYS) {
    const value = reader.meta(key);
    if (value !== null) meta[key] = value;
  }
  return {
    meta,
    zones,
    modules: modulesOf(reader),
    facts,
    rowsMissing: reader.rowsMissing,
    problems: [...new Set(problems)],
  };
}

/** What the journal has of one zone now. */
export function findZone(reader: WorldReader, zone: number): FoundZone {
  const { snapshot, lostTicks, problems, ...rest } = reader.history(zone);
  // The witness may know of an epoch of which no row is left: the next one is newer than that.
  const witnessed = reader.testimony?.heads.get(zone)?.epoch ?? 0;
  const epoch = Math.max(reader.snapshots(zone)[0]?.epoch ?? 0, witnessed);
  if (snapshot === null || !("ticks" in rest)) return { zone, epoch, history: null, module: "", lostTicks, problems };
  const { tick, hash, ticket, state, module } = snapshot;
  const ticks = rest.ticks.map((record) => ({ tick: record.tick, hash: record.hash, batch: record.batch }));
  return {
    zone,
    epoch,
    history: { snapshot: { tick, hash, tickets: [ticket], state }, ticks },
    module,
    lostTicks,
    problems,
  };
}

function modulesOf(reader: WorldReader): FoundModule[] {
  return reader.modules().flatMap(({ hash }) => {
    const module = reader.module(hash);
    return module === null ? [] : [{ hash, label: module.label, wasm: module.wasm }];
  });
}
