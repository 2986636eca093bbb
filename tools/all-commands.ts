// Every subcommand. A subcommand imports its code only when it runs; the description of all of them alone takes 30 ms to load.

import * as benchmark from "./commands/benchmark.ts";
import * as buildKernel from "./commands/build-kernel.ts";
import * as candidates from "./commands/candidates.ts";
import * as cluster from "./commands/cluster.ts";
import * as completion from "./commands/completion.ts";
import * as controller from "./commands/controller.ts";
import * as dashboard from "./commands/dashboard.ts";
import * as demo from "./commands/demo.ts";
import * as deploy from "./commands/deploy.ts";
import * as diagnose from "./commands/diagnose.ts";
import * as doctor from "./commands/doctor.ts";
import * as gateway from "./commands/gateway.ts";
import * as health from "./commands/health.ts";
import * as injectFault from "./commands/inject-fault.ts";
import * as parseLogs from "./commands/parse-logs.ts";
import * as replay from "./commands/replay.ts";
import * as scenario from "./commands/scenario.ts";
import * as serve from "./commands/serve.ts";
import * as spawnClients from "./commands/spawn-clients.ts";
import * as store from "./commands/store.ts";
import * as validate from "./commands/validate.ts";
import * as wizard from "./commands/wizard.ts";
import * as zoneHost from "./commands/zone-host.ts";
import type { CommandFile } from "./program.ts";

/** One subcommand for each file, in the order of the help. */
export const COMMANDS: readonly CommandFile[] = [
  demo,
  wizard,
  serve,
  cluster,
  gateway,
  zoneHost,
  controller,
  spawnClients,
  dashboard,
  injectFault,
  health,
  diagnose,
  parseLogs,
  replay,
  validate,
  deploy,
  buildKernel,
  candidates,
  store,
  scenario,
  benchmark,
  doctor,
  completion,
];
