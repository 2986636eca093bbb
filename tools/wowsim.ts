#!/usr/bin/env bun
// The wowsim command. Its subcommands are in commands/, put together in program.ts.

import { buildProgram } from "./program.ts";
import { endWithReader, EXIT, fail } from "./ui/output.ts";

endWithReader();
try {
  await buildProgram().parseAsync();
} catch (error) {
  fail(error, EXIT.degraded);
}
