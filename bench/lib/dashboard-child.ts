// The dashboard as it is, on whatever terminal it is given, that writes down once a second what it has cost so far: the
// program bench/dashboard.ts measures. Of the server only a feed is there.
//
//   bun bench/lib/dashboard-child.ts <telemetry port> <file>
//   {"atMs":5012.3,"cpuMs":812.5,"systemMs":92.1,"draws":19,"drawsMax":5,"lines":4980}      a line, all counted from the start

import { appendFileSync } from "node:fs";
import { runDashboard } from "../../tools/dashboard/dashboard.ts";
import type { Picture } from "../../tools/dashboard/picture.ts";

export interface DashboardCost {
  atMs: number;
  /** User and system. */
  cpuMs: number;
  systemMs: number;
  draws: number;
  /** Most in any second. */
  drawsMax: number;
  /** Telemetry lines taken in, read or counted only. */
  lines: number;
}

const [telemetryPort = "", file = ""] = process.argv.slice(2);
/** Nobody listens there. */
const NOWHERE = 9;
const cost: DashboardCost = { atMs: 0, cpuMs: 0, systemMs: 0, draws: 0, drawsMax: 0, lines: 0 };
let lately: number[] = [];

function onDraw({ timeline, log }: Picture): void {
  const nowMs = performance.now();
  lately = [...lately.filter((atMs) => nowMs - atMs < 1_000), nowMs];
  cost.draws++;
  cost.drawsMax = Math.max(cost.drawsMax, lately.length);
  cost.lines = timeline.counts.lines + log.unread;
}

setInterval(() => {
  const { user, system } = process.cpuUsage();
  Object.assign(cost, { atMs: performance.now(), cpuMs: (user + system) / 1_000, systemMs: system / 1_000 });
  appendFileSync(file, `${JSON.stringify(cost)}\n`);
}, 1_000);

const ports = { port: NOWHERE, controlPort: NOWHERE, httpPort: NOWHERE, telemetryPort: Number(telemetryPort) };
const looks = {
  hasColor: true,
  isAscii: false,
  telemetryFile: "/dev/null",
  candidates: [],
  token: undefined,
  playerToken: undefined,
};
process.exit(await runDashboard({ host: "127.0.0.1", ...ports, ...looks, onDraw }));
