// The status of a cluster, as its controller tells it.
//
//   const status = await askStatus({ dataDir: ".wowsim/cluster" })
//   statusLines(status)
//
//   host  pid   zones  load  heard
//   a     4711  1, 4   12 %  0.2 s ago

import { z } from "zod";
import type { ClusterStatus, ZoneMove } from "../../server/protocol/cluster.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { ControlClient } from "../client/control-client.ts";
import { DEFAULT_HOST } from "../client/server-name.ts";
import type { ServerName } from "../client/server-name.ts";
import { tableLines } from "../ui/table.ts";
import { readClusterFile } from "./cluster-file.ts";

const Status = z.object({
  hosts: z.array(
    z.object({
      host: z.string(),
      pid: z.number(),
      load: z.number(),
      silent_ms: z.number(),
      is_alive: z.boolean(),
      zones: z.array(z.number()),
    }),
  ),
  gateways: z.array(
    z.object({
      gateway: z.number(),
      pid: z.number(),
      sessions: z.number(),
      game: z.number(),
      http: z.number(),
      silent_ms: z.number(),
      is_alive: z.boolean(),
    }),
  ),
  zones: z.array(
    z.object({
      zone: z.number(),
      name: z.string(),
      host: z.string().nullable(),
      epoch: z.number(),
      tick: z.number(),
      state: z.string(),
      players: z.number(),
      lag_ms: z.number(),
      next: z.string().nullable(),
    }),
  ),
});

/** Longer than the controller waits for the other host. */
const MOVE_MS_MAX = 20_000;

const Move = z.object({ zone: z.number(), from: z.string(), to: z.string(), epoch: z.number(), still_ms: z.number() });

export interface StatusWish {
  server?: ServerName | undefined;
  /** Of the cluster, when no server is named. */
  dataDir: string;
  token?: string | undefined;
}

/** Throws WowsimError: no_cluster, control_unreachable, wrong_token, token_required. */
export async function askStatus(wish: StatusWish): Promise<ClusterStatus> {
  await using control = await connect(wish);
  const answer = await control.ask({ command: "cluster" });
  return Status.parse(answer);
}

/** Throws WowsimError: as askStatus, and what the controller says (server/main/cluster/zone-moves.ts). */
export async function askMove(wish: StatusWish, zone: number, to: string): Promise<ZoneMove> {
  await using control = await connect(wish);
  return Move.parse(await control.ask({ command: "cluster_move", zone_id: zone, host: to }, MOVE_MS_MAX));
}

async function connect({ server, dataDir, token }: StatusWish): Promise<ControlClient> {
  const { host, port } = placeOf(server, dataDir);
  return await ControlClient.connect({ host, port, ...(token === undefined ? {} : { token }) });
}

function placeOf(server: ServerName | undefined, dataDir: string): { host: string; port: number } {
  if (server !== undefined && server.port !== null) return { host: server.host, port: server.port };
  const found = readClusterFile(dataDir);
  if (found !== null) return { host: server?.host ?? found.host, port: found.control };
  throw new WowsimError(
    "control_unreachable",
    `No cluster runs in ${dataDir}. Start one with wowsim cluster up, or say where its controller is with --server ${server?.host ?? DEFAULT_HOST}:PORT.`,
  );
}

export function statusLines({ hosts, gateways, zones }: ClusterStatus): string[] {
  return [
    ...tableLines(
      ["host", "pid", "zones", "load", "heard"],
      hosts.map(({ host, pid, zones: owned, load, silent_ms: silentMs, is_alive: isAlive }) => [
        host,
        pid,
        isAlive ? owned.join(", ") || "none: a standby" : "gone",
        `${Math.round(load * 100)} %`,
        ago(silentMs),
      ]),
    ),
    "",
    ...tableLines(
      ["gateway", "pid", "sessions", "game", "http", "heard"],
      gateways.map(({ gateway, pid, sessions, game, http, silent_ms: silentMs, is_alive: isAlive }) => [
        gateway,
        pid,
        isAlive ? sessions : "gone",
        game,
        http,
        ago(silentMs),
      ]),
    ),
    "",
    ...tableLines(
      ["zone", "name", "host", "epoch", "tick", "state", "players", "lag ms", "next"],
      zones.map(({ zone, name, host, epoch, tick, state, players, lag_ms: lagMs, next }) => [
        zone,
        name,
        host,
        epoch,
        tick,
        state,
        players,
        lagMs.toFixed(1),
        next,
      ]),
    ),
  ];
}

function ago(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s ago`;
}
