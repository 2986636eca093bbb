// What zone-trap and zone-runaway have in common: one poison command every so many batches of the zone, first in the very
// next one. Every push is a command of its own, so that quarantining one does not stop the next.

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
