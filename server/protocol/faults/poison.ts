// The common part of zone-trap and zone-runaway: one poison command in every n-th batch of the zone, beginning with the
// next one. Every push is a separate command, so the quarantine of one does not stop the next.

import type { ZoneFaultContext, ZoneFaultHooks } from "./fault.ts";
import { Command } from "../game/command.ts";

const command = new Command();

export function poison(context: ZoneFaultContext, op: number, everyTicks: number): ZoneFaultHooks {
  let batches = 0;
  return {
    commands(batch) {
      const isDue = batches++ % everyTicks === 0;
      if (!isDue || !context.strikes() || !batch.push(command.set(op))) return;
      context.affected();
      context.did("poison_pushed");
    },
  };
}
