// A dashboard that comes to a bad end on purpose, after its first draws: a program for the tests of the terminal after that.
//
//   bun failing-dashboard.ts --fail throw --port 40123 --control-port ... --http-port ... --telemetry-port ...

import { parseArgs } from "node:util";
import { runDashboard } from "../../tools/dashboard/dashboard.ts";

const DRAWS = 6;

const { values } = parseArgs({
  options: {
    fail: { type: "string", default: "throw" },
    port: { type: "string", default: "0" },
    "control-port": { type: "string", default: "0" },
    "http-port": { type: "string", default: "0" },
    "telemetry-port": { type: "string", default: "0" },
  },
});

let draws = 0;

function onDraw(): void {
  if (++draws !== DRAWS) return;
  if (values.fail === "exit") process.exit(7);
  const error = new Error("broken on purpose");
  if (values.fail === "throw") throw error;
  void Promise.reject(error);
}

const exitCode = await runDashboard({
  host: "127.0.0.1",
  port: Number(values.port),
  controlPort: Number(values["control-port"]),
  httpPort: Number(values["http-port"]),
  telemetryPort: Number(values["telemetry-port"]),
  telemetryFile: "/dev/null",
  token: undefined,
  playerToken: undefined,
  candidates: [],
  hasColor: true,
  isAscii: false,
  onDraw,
});
process.exit(exitCode);
