// Starts a zone: anew, or where its journal ends. It starts even if its module can not start it. A promoted module is such a
// risk, because its init has run on a copy only.

import { messageOf } from "../protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { ZoneHistory } from "../shared/zone-history.ts";
import type { RevivedReport } from "../shared/zone-messages.ts";
import type { RevivedZone } from "../shared/zone-start.ts";
import { Membership } from "./membership.ts";
import { revive } from "./revival.ts";
import { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone-options.ts";

export interface BegunZone {
  zone: Zone;
  membership: Membership;
  /** The newest module that could not start the zone, and why; null when the requested one could. */
  unfit: { hash: string; reason: string } | null;
  /** What came of its journal; null when the zone had none. */
  revival: RevivedReport | null;
  /** The zone has only its initial content: its creatures must be spawned. */
  isAnew: boolean;
}

/** A zone that goes on from its journal, with the module that ran it. */
export type Revived = Omit<RevivedZone, "ran"> & { ran: Kernel };

/**
 * Starts the zone with the kernel of the options, or with the first of `earlier` that can. Kernels that were tried are removed
 * from `earlier`. Throws the last error when none can.
 */
export function beginZone(options: ZoneOptions, earlier: Kernel[]): BegunZone {
  let unfit: BegunZone["unfit"] = null;
  for (let { kernel } = options; ;) {
    try {
      const zone = new Zone({ ...options, kernel });
      return { zone, membership: new Membership(zone, options.zone.portals), unfit, revival: null, isAnew: true };
    } catch (error) {
      unfit ??= { hash: kernel.hash, reason: messageOf(error) };
      const before = earlier.shift();
      if (before === undefined) throw error;
      kernel = before;
    }
  }
}

/**
 * Starts the zone where its journal ends, with the module that ran the journal, and then gives it to the kernel of the options.
 * Where that can not be done, the zone begins anew, and `revival` says why.
 */
export function reviveZone(options: ZoneOptions, earlier: Kernel[], revived: Revived): BegunZone {
  const { history, ran, toldTick } = revived;
  const newest = history.ticks.at(-1)?.tick ?? history.snapshot.tick;
  try {
    const zone = new Zone({ ...options, kernel: ran, awaitsState: true });
    const membership = new Membership(zone, options.zone.portals);
    const { problem } = revive(zone, history, {
      onBegin: () => membership.goesOn(history.snapshot.tickets),
      onTick: ({ batch, tick }) => membership.revived(batch, tick <= toldTick),
    });
    zone.writeHostPart();
    const unfit = takeOver(zone, options.kernel, earlier);
    return { zone, membership, unfit, revival: reportOf(zone, membership, history, newest, problem), isAnew: false };
  } catch (error) {
    const begun = beginZone({ ...options, afterTick: newest }, earlier);
    const revival = { ...reportOf(begun.zone, begun.membership, history, newest, messageOf(error)), lostTicks: newest };
    return { ...begun, revival };
  }
}

/** Gives the zone to the module, or leaves it with the one that it has, when the module can not take it. */
function takeOver(zone: Zone, kernel: Kernel, earlier: Kernel[]): BegunZone["unfit"] {
  if (zone.kernel.hash === kernel.hash) return null;
  try {
    zone.swap(kernel);
    return null;
  } catch (error) {
    earlier.length = 0;
    return { hash: kernel.hash, reason: messageOf(error) };
  }
}

function reportOf(
  zone: Zone,
  { tickets }: Membership,
  { snapshot }: ZoneHistory,
  newest: number,
  problem: string | null,
): RevivedReport {
  const { id: zoneId, tick, entities } = zone;
  const players = entities.acknowledged();
  return { zoneId, tick, fromTick: snapshot.tick, lostTicks: newest - tick, problem, ticket: tickets.of(0), players };
}
