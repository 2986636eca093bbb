// Heartbeats as they come from the bus: checked, since anything that may publish can send anything.

import { z } from "zod";
import type { GatewayBeat, HostBeat } from "../../bus/wire.ts";

const port = z.number().int().min(0).max(65_535);
const whole = z.number().int().min(0);
const NAME_LENGTH_MAX = 64;
const ZONES_MAX = 1_024;

const Gateway = z.object({ gateway: whole, pid: whole, sessions: whole, game: port, http: port });
const Host = z.object({
  host: z.string().min(1).max(NAME_LENGTH_MAX),
  pid: whole,
  load: z.number(),
  zones: z
    .array(
      z.object({
        zone: whole,
        epoch: whole,
        tick: whole,
        state: z.string().max(NAME_LENGTH_MAX),
        players: whole,
        lagMs: z.number(),
      }),
    )
    .max(ZONES_MAX),
});

/** Null when it is none. */
export function gatewayBeatOf(bytes: Uint8Array): GatewayBeat | null {
  return Gateway.safeParse(jsonOf(bytes)).data ?? null;
}

/** Null when it is none. */
export function hostBeatOf(bytes: Uint8Array): HostBeat | null {
  return Host.safeParse(jsonOf(bytes)).data ?? null;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON: refused like any other text that is no heartbeat.
    return null;
  }
}
