// The control commands for faults: activate, renew, deactivate, deactivate_all, status, list, and the kill switch: halt
// and resume. docs/PROTOCOL.md describes the fields; the registry does the work.

import { z } from "zod";
import { DURATION_TICKS_MAX } from "../protocol/faults/status.ts";
import { LEASE_MS_MAX, LEASE_MS_MIN } from "../protocol/faults/status.ts";
import type { FaultRegistry } from "./faults/registry.ts";
import type { FaultStatus } from "../protocol/faults/status.ts";
import type { ControlServer } from "./control/server.ts";

const faultId = z.string().min(1);

const activateSchema = z.object({
  fault_id: faultId,
  params: z.unknown().optional(),
  target_zone_id: z.number().int().min(0).default(0),
  duration_ticks: z.number().int().min(0).max(DURATION_TICKS_MAX).default(0),
  probability: z.number().min(0).max(1).default(1),
  lease_ms: z.number().int().min(LEASE_MS_MIN).max(LEASE_MS_MAX).optional(),
});

const renewSchema = z.object({ fault_id: faultId, activations: z.number().int().min(1) });

/** `safe` resolves when what the registry has told the journal is safe: a halt that was confirmed outlives the server. */
export function registerFaultCommands(
  control: ControlServer,
  registry: FaultRegistry,
  safe: () => Promise<unknown>,
): void {
  control.register("activate", activateSchema, (request) => {
    const replaced = registry.status(request.fault_id).active;
    const status = registry.activate(request);
    const { id, activations, targets, ticks_left } = status;
    return { fault_id: id, activations, replaced, targets, ticks_left, ...leaseOf(status) };
  });
  control.register("renew", renewSchema, ({ fault_id, activations }) => {
    const status = registry.renew(fault_id, activations);
    return { fault_id, activations, ticks_left: status.ticks_left, ...leaseOf(status) };
  });
  control.register("deactivate", z.object({ fault_id: faultId }), ({ fault_id }) => ({
    fault_id,
    was_active: registry.deactivate(fault_id),
  }));
  control.register("deactivate_all", z.object({}), () => ({ removed: registry.deactivateAll() }));
  control.register("status", z.object({ fault_id: faultId }), ({ fault_id }) => ({
    fault_id,
    status: registry.status(fault_id),
  }));
  control.register("list", z.object({}), () => ({ faults: registry.list(), halted: registry.halted }));
  control.register("halt", z.object({}), async () => {
    const removed = registry.halt();
    await safe();
    return { removed, halted: true };
  });
  control.register("resume", z.object({}), async () => {
    registry.resume();
    await safe();
    return { halted: false };
  });
}

/** The lease fields of an answer; none when there is no lease. */
function leaseOf({ lease_ms_left }: FaultStatus): { lease_ms_left?: number } {
  return lease_ms_left === null ? {} : { lease_ms_left };
}
