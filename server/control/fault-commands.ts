// The control channel's words for faults: activate, deactivate, deactivate_all, status, list, and the kill switch halt
// and resume. Fields as docs/PROTOCOL.md has them; the registry does the work.

import { z } from "zod";
import { DURATION_TICKS_MAX } from "../fault/activation.ts";
import type { FaultRegistry } from "../fault/registry.ts";
import type { ControlServer } from "./server.ts";

const faultId = z.string().min(1);

const activateSchema = z.object({
  fault_id: faultId,
  params: z.unknown().optional(),
  target_zone_id: z.number().int().min(0).default(0),
  duration_ticks: z.number().int().min(0).max(DURATION_TICKS_MAX).default(0),
  probability: z.number().min(0).max(1).default(1),
});

export function registerFaultCommands(control: ControlServer, registry: FaultRegistry): void {
  control.register("activate", activateSchema, (request) => {
    const { id, activations, targets, ticks_left } = registry.activate(request);
    return { fault_id: id, activations, targets, ticks_left };
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
  control.register("halt", z.object({}), () => ({ removed: registry.halt(), halted: true }));
  control.register("resume", z.object({}), () => {
    registry.resume();
    return { halted: false };
  });
}
