// The control commands for the validation of an uploaded module. validate_module starts it and answers at once; validate_status
// reports the progress and in the end the verdict.
//
//   > {"command":"validate_module","hash":"9f3c2a…","last_ms":60000}
//   < {"success":true,"command":"validate_module","validation":1,"state":"running"}
//   > {"command":"validate_status","validation":1}
//   < {"success":true,"command":"validate_status","validation":1,"hash":"9f3c2a…","state":"done","report":{"verdict":"pass",...},...}

import { z } from "zod";
import { policyFrom } from "../../protocol/deploy-policy.ts";
import {
  EXPECT_LENGTH_MAX,
  expectationsHash,
  FORCE_REASON_LENGTH_MAX,
  VALIDATE_LAST_MS,
} from "../../protocol/deploy-validation.ts";
import { parseExpectations } from "../../protocol/expectations.ts";
import { printable, printableLines } from "../../protocol/printable.ts";
import { by, hash } from "./deploy-commands.ts";
import type { ModuleValidations } from "./module-validations.ts";
import type { ControlServer } from "./server.ts";

const validation = z.number().int().min(1);

/** Adds validate_module, validate_status and validate_abort to the control channel. */
export function registerValidateCommands(
  control: Pick<ControlServer, "register">,
  validations: Pick<ModuleValidations, "start" | "status" | "abort">,
): void {
  control.register(
    "validate_module",
    z.object({
      hash,
      expect: z.string().max(EXPECT_LENGTH_MAX).default(""),
      last_ms: z.number().int().min(VALIDATE_LAST_MS.min).max(VALIDATE_LAST_MS.max).default(VALIDATE_LAST_MS.default),
      policy: z.record(z.string(), z.unknown()).default({}),
      by,
      force: z.string().max(FORCE_REASON_LENGTH_MAX).default(""),
    }),
    ({ hash: candidate, expect, last_ms: lastMs, policy: fields, by: name, force }) => {
      const expectations = expect.trim() === "" ? [] : parseExpectations("expect", expect);
      const who = printable(name);
      const policy = policyFrom("policy", fields);
      const wish = { hash: candidate, expectations, lastMs, policy, by: who, forced: printable(force) };
      // As deploy_begin keeps it, so that both know the same module again.
      const expectHash = expectationsHash(printableLines(expect));
      return { validation: validations.start({ ...wish, expectHash }), state: "running" };
    },
  );

  control.register("validate_status", z.object({ validation }), ({ validation: id }) => ({
    ...validations.status(id),
  }));

  control.register("validate_abort", z.object({ validation }), ({ validation: id }) => {
    const { state } = validations.abort(id);
    return { validation: id, state };
  });
}
