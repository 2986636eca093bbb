// What a server looks like from outside over a stretch of time: tick times, who is in its zones, memory, open files.
//
//   const before = await lookAt(server, 15)
//   before.zones[0]      // { id: 1, players: 25, creatures: 25, watchers: 25, ticks: 300, msP50: 0.2, ... }

import { readdirSync } from "node:fs";
import type { Measured } from "../../tools/analysis/measured.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { quantile } from "../../server/testing/statistics.ts";
import { readWindow } from "../../server/testing/telemetry-window.ts";

export interface ZoneLook {
  id: number;
  players: Measured;
  creatures: Measured;
  watchers: Measured;
  ticks: number;
  msP50: Measured;
  msP99: Measured;
  msMax: Measured;
}

export interface Look {
  zones: ZoneLook[];
  rssMb: number;
  /** Files and sockets the process has open; missing where the system does not tell. */
  openFiles: Measured;
  connected: Measured;
  controlConnections: number;
  errors: string[];
}

/** Watches it for so many seconds. */
export async function lookAt(server: ServerChild, seconds: number): Promise<Look> {
  const fromMs = Date.now();
  await Bun.sleep(seconds * 1_000);
  // Before anything is asked of it: what asks has a socket there.
  const files = openFiles(server.pid);
  const window = await readWindow(server.telemetry(), { fromMs, toMs: Date.now() });
  const [players, creatures, watchers, sessions, controlConnections] = await Promise.all([
    server.metricByLabel("wowsim_zone_players"),
    server.metricByLabel("wowsim_zone_creatures"),
    server.metricByLabel("wowsim_zone_watchers"),
    server.metricByLabel("wowsim_sessions"),
    server.metric("wowsim_control_connections"),
  ]);
  const zones = [...window.zones.keys()].toSorted((a, b) => a - b);
  return {
    zones: zones.map((id) => {
      const durations = window.zones.get(id)?.durationMs ?? [];
      return {
        id,
        players: players.get(String(id)) ?? null,
        creatures: creatures.get(String(id)) ?? null,
        watchers: watchers.get(String(id)) ?? null,
        ticks: durations.length,
        msP50: quantile(durations, 0.5),
        msP99: quantile(durations, 0.99),
        msMax: quantile(durations, 1),
      };
    }),
    rssMb: await rssMb(server),
    openFiles: files,
    connected: sessions.get("connected") ?? null,
    controlConnections,
    errors: window.errors,
  };
}

const BYTES_PER_MB = 2 ** 20;

/** Resident memory just now, MiB. */
export async function rssMb(server: ServerChild): Promise<number> {
  return (await server.metric("process_resident_memory_bytes")) / BYTES_PER_MB;
}

/** Files and sockets a process has open; missing where the system does not tell. */
function openFiles(pid: number): Measured {
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/fd`).length : null;
}
