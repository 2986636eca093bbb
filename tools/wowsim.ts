#!/usr/bin/env bun
// The wowsim command. Its subcommands are in commands/, put together in program.ts.

import { buildProgram } from "./program.ts";
import { EXIT, fail } from "./ui/output.ts";

try {
  await buildProgram().parseAsync();
} catch (error) {
  fail(error, EXIT.degraded);
}
