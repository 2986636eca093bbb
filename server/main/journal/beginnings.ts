// What the zones of a server begin with: what an earlier server left in the journal, or nothing.
//
//   const { beginnings, standing, notices } = findBeginnings(found, world, kernel)
//   beginnings.get(1)      // { epoch: 3, standing: null, revived: { history, ran, ... } }
//   notices                // ["Zone 2 lost 14 ticks: Tick 812 of zone 2 is damaged."]

import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { layoutEntries, loadKernel } from "../../../assembly/toolchain/load.ts";
import type { World } from "../../protocol/content/content.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { FoundWorld, FoundZone } from "../../shared/journal-messages.ts";
import type { FoundBeginning, RevivedZone, ZoneModule } from "../../shared/zone-start.ts";

/** A module that an earlier server promoted, with its metered binary. */
export type StandingModule = Kernel & { wasm: Uint8Array };

export interface FoundBeginnings {
  beginnings: Map<number, FoundBeginning>;
  /** Modules that an earlier server promoted, by zone. */
  standing: Map<number, StandingModule>;
  /** What was damaged or lost, one sentence each. */
  notices: string[];
}

/** The identity of a world: its zones, and what lives in them. */
export function worldKey({ zones }: World): string {
  return Bun.hash(JSON.stringify(zones)).toString(16);
}

/** Throws WowsimError("other_world") when the journal is that of other zones. */
export function findBeginnings(found: FoundWorld, world: World, kernel: Kernel): FoundBeginnings {
  const { zones: known = worldKey(world), boot_module: boot } = found.meta;
  if (known !== worldKey(world)) {
    throw new WowsimError(
      "other_world",
      "The data directory has the journal of another world; start with its --world, with another --data-dir, or with --fresh, which keeps that journal under another name.",
    );
  }
  const notices = [...found.problems];
  const kernels = new Map([[kernel.hash, kernel]]);
  const kept = new Map<string, StandingModule>();
  for (const { hash, label, wasm } of found.modules) {
    try {
      if (kernels.has(hash)) continue;
      const loaded = { ...loadKernel(wasm, label), wasm };
      kernels.set(hash, loaded);
      kept.set(hash, loaded);
    } catch (error) {
      notices.push(`Module ${hash} can not be loaded any more: ${messageOf(error)}`);
    }
  }
  const beginnings = new Map<number, FoundBeginning>();
  const standing = new Map<number, StandingModule>();
  for (const { id } of world.zones) {
    const zone = found.zones.find((one) => one.zone === id);
    if (zone === undefined) continue;
    const hash = promotedIn(found, id);
    const isOwn = hash === null || hash === boot || hash === kernel.hash;
    const promoted = isOwn ? undefined : kept.get(hash);
    if (!isOwn && promoted === undefined)
      notices.push(`Zone ${id} ran the promoted module ${hash}, which is lost; it runs the server's own.`);
    if (promoted !== undefined) standing.set(id, promoted);
    const revived = revivedOf(zone, kernels);
    beginnings.set(id, { epoch: zone.epoch, standing: promoted === undefined ? null : moduleOf(promoted), revived });
    if (revived === null || zone.lostTicks > 0 || zone.problems.length > 0) notices.push(lossOf(zone, revived));
  }
  return { beginnings, standing, notices };
}

function revivedOf({ history, module }: FoundZone, kernels: ReadonlyMap<string, Kernel>): RevivedZone | null {
  const ran = kernels.get(module);
  if (history === null || ran === undefined) return null;
  return { history, ran: moduleOf(ran), toldTick: Number.MAX_SAFE_INTEGER, lostBecause: null };
}

function lossOf({ zone, lostTicks, problems }: FoundZone, revived: RevivedZone | null): string {
  const why = problems.length === 0 ? "the module that ran it is missing." : problems.join(" ");
  if (revived === null) return `Zone ${zone} begins anew; ${lostTicks} ticks are lost: ${why}`;
  return `Zone ${zone} lost ${lostTicks} ticks: ${why}`;
}

/** Hash of the module that was promoted in the zone; null when none was. */
function promotedIn({ facts }: FoundWorld, zoneId: number): string | null {
  const fact = facts.find(({ kind, key }) => kind === "zone" && key === String(zoneId));
  return fact === undefined ? null : (JSON.parse(fact.json) as { promoted: string }).promoted;
}

function moduleOf({ module, hash, label, layout }: Kernel): ZoneModule {
  return { module, hash, label, layout: layoutEntries(layout) };
}
