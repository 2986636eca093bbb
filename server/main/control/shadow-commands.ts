// The control commands for a module that runs beside live zones (server/protocol/shadow.ts). The first answers at once; shadow_status
// has the report, also while it runs.
//
//   > {"command":"shadow_module","hash":"9f3c2a…","zone_ids":[1,2],"ticks":400,"role":"candidate"}
//   < {"success":true,"command":"shadow_module","shadow":1,"state":"running"}
//   > {"command":"shadow_status","shadow":1}
//   < {"success":true,"command":"shadow_status","shadow":1,"state":"running","share":0.4,"report":{"verdict":"pass",...},...}

import { z } from "zod";
import { DEFAULT_POLICY } from "../../protocol/deploy-policy.ts";
import { EXPECT_LENGTH_MAX } from "../../protocol/deploy-validation.ts";
import { parseExpectations } from "../../protocol/expectations.ts";
import { printable } from "../../protocol/printable.ts";
import { SHADOW_ROLES, SHADOW_TICKS, SHADOW_ZONES_MAX } from "../../protocol/shadow.ts";
import { by, hash } from "./deploy-commands.ts";
import type { ControlServer } from "./server.ts";
import type { Shadows } from "./shadows.ts";

const RATIO_MAX = 100;
const shadow = z.number().int().min(1);
const ratio = z.number().min(1).max(RATIO_MAX);

/** Adds shadow_module, shadow_status and shadow_abort to the control channel. */
export function registerShadowCommands(
  control: Pick<ControlServer, "register">,
  shadows: Pick<Shadows, "start" | "status" | "abort">,
): void {
  control.register(
    "shadow_module",
    z.object({
      hash,
      zone_ids: z.array(z.number().int().min(1)).max(SHADOW_ZONES_MAX).default([]),
      ticks: z.number().int().min(SHADOW_TICKS.min).max(SHADOW_TICKS.max).default(SHADOW_TICKS.default),
      role: z.enum(SHADOW_ROLES).default("candidate"),
      expect: z.string().max(EXPECT_LENGTH_MAX).default(""),
      fuel_ratio_max: ratio.default(DEFAULT_POLICY.limits.fuelRatioMax),
      p99_ratio_max: ratio.default(DEFAULT_POLICY.shadow.p99RatioMax),
      by,
    }),
    ({ hash: module, zone_ids: zoneIds, ticks, role, expect, fuel_ratio_max, p99_ratio_max, by: name }) => {
      const expectations = expect.trim() === "" ? [] : parseExpectations("expect", expect);
      const limits = { fuelRatioMax: fuel_ratio_max, p99RatioMax: p99_ratio_max };
      const wish = { hash: module, zoneIds, ticks, role, expectations, ...limits, by: printable(name) };
      return { shadow: shadows.start(wish), state: "running" };
    },
  );

  control.register("shadow_status", z.object({ shadow }), ({ shadow: id }) => ({ ...shadows.status(id) }));

  control.register("shadow_abort", z.object({ shadow }), ({ shadow: id }) => {
    const { state } = shadows.abort(id);
    return { shadow: id, state };
  });
}
