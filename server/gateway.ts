// The composition root of a gateway of a cluster: creates its parts, starts them in order, and stops them in reverse order. What a player
// meets is the same gateway as in a server of one process; its zones, sessions and characters are on the bus (docs/CLUSTER.md).
//
//   const gateway = await startGateway({ bus: "nats://127.0.0.1:4222", port: 0, httpPort: 0, dataDir })
//   gateway.ports                // { game: 40123, http: 40124, telemetry: 40125 }
//   await gateway.stop()         // its players go on at other gateways

import { resolve } from "node:path";
import { version } from "../package.json";
import { Bus } from "./bus/bus.ts";
import { BusNames } from "./bus/subjects.ts";
import { OP_SETTLED } from "./bus/wire.ts";
import { Adoption } from "./main/cluster/adoption.ts";
import { BusCharacters } from "./main/cluster/bus-characters.ts";
import { BusSessions } from "./main/cluster/bus-sessions.ts";
import { BusZones } from "./main/cluster/bus-zones.ts";
import { ClusterGateways } from "./main/cluster/cluster-gateways.ts";
import { CONFIRM_MS, GatewayLease } from "./main/cluster/gateway-lease.ts";
import { GatewayNumbers } from "./main/cluster/gateway-numbers.ts";
import { GatewayPeers } from "./main/cluster/gateway-peers.ts";
import { outOfWorld } from "./main/cluster/out-of-world.ts";
import { Placement } from "./main/cluster/placement.ts";
import { SessionClaims } from "./main/cluster/session-claims.ts";
import { SessionDirectory } from "./main/cluster/session-directory.ts";
import { startNominalTicks } from "./main/faults/nominal-ticks.ts";
import { Gateway } from "./main/gateway/gateway.ts";
import { openToStrangers } from "./main/exposure.ts";
import { startHttp } from "./main/monitoring/http.ts";
import { Metrics } from "./main/monitoring/metrics.ts";
import { Readiness } from "./main/monitoring/readiness.ts";
import { registerTelemetryMetrics } from "./main/monitoring/telemetry-metrics.ts";
import { startTelemetry } from "./main/monitoring/telemetry.ts";
import { registerClusterGateway } from "./main/cluster-metrics.ts";
import { registerGatewayMetrics, registerHttpMetrics } from "./main/server-metrics.ts";
import { runBackwards } from "./main/run-backwards.ts";
import type { StopSteps } from "./main/run-backwards.ts";
import { workers } from "./main/workers.ts";
import { loadWorld } from "./protocol/content/load.ts";
import { connectionsWithin, DEFAULT_LIMITS } from "./protocol/game/limits.ts";
import { WowsimError } from "./protocol/errors.ts";
import type { GatewayFigures, GatewayOptions, RunningGateway } from "./protocol/gateway-options.ts";
import { Command } from "./protocol/game/command.ts";
import { openFilesMax } from "./protocol/open-files.ts";
import { isLoopback } from "./shared/address.ts";
import { Secret } from "./shared/secret.ts";
import { ticketOf } from "./shared/tickets.ts";
import { WrongTokens } from "./shared/wrong-tokens.ts";
import { lockDataDir } from "./store/data-dir.ts";

const now = (): number => performance.now();

/** How long a stop waits until the bus has what was written last. */
const LAST_WRITES_MS_MAX = 1_000;
const SWEEP_TICKS = 20;
/** How long a start waits until zones are heard; those that nobody runs come later. */
const FIRST_WORDS_MS_MAX = 1_000;

/** Starts a gateway. Throws WowsimError (bus_unreachable, port_in_use, ...); then no part is left running. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const undo: StopSteps = [];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= runBackwards(undo, "The gateway"));
  try {
    return { ...(await start(options, undo)), stop };
  } catch (error) {
    // Why it could not start tells more than what its stop finds.
    await stop().catch(() => {});
    throw error;
  }
}

async function start(options: GatewayOptions, undo: StopSteps): Promise<Omit<RunningGateway, "stop">> {
  const { host = "127.0.0.1", tickRateHz = 20, token } = options;
  if (!isLoopback(host) && (token ?? "") === "") {
    const message = `A gateway on ${host} needs an operators' token for /metrics: --token or WOWSIM_TOKEN.`;
    throw new WowsimError("token_required", message);
  }
  const dataDir = resolve(options.dataDir);
  const world = await loadWorld(options.worldFile);
  const lock = await lockDataDir(dataDir);
  undo.push(() => lock.release());
  const telemetry = await startTelemetry({
    file: `${dataDir}/telemetry.jsonl`,
    udpHost: host,
    udpPort: 0,
    udpToken: token,
    producers: 1,
    clock: Date.now,
    workers,
  });
  undo.push(() => telemetry.stop());
  const { emitter } = telemetry;

  const names = new BusNames(options.prefix);
  const { bus, lease, numbers } = await join(options, names, undo);
  const { gateway: number } = lease;
  emitter.emit("event", "gateway", "Gateway starting", { version, gateway: number });
  const peers = new GatewayPeers({ bus, names, numbers, gateway: number, now });
  undo.push(() => peers.close());
  const name = `gateway-${number}`;
  const sessionBucket = await bus.bucket(names.bucket("sessions"));
  const directory = await SessionDirectory.open(sessionBucket, name);
  undo.push(() => directory.close());
  const characters = await BusCharacters.open(await bus.bucket(names.bucket("characters")), name);
  undo.push(() => characters.close());

  const zones = new BusZones({
    bus,
    names,
    gateway: number,
    zones: world.zones,
    emitter,
    now,
    maySpeak: () => lease.maySpeak(),
  });
  bus.listen({ back: () => zones.onBusBack() });
  undo.push(() => zones.close());
  const sessions = new BusSessions({
    bucket: sessionBucket,
    directory,
    gateway: number,
    onLost: (id) => gateway.moves.lose(id),
    onArrived: (id, from) => {
      if (directory.get(id)?.owner === number) zones.send(from, new Command().set(OP_SETTLED, { session: id }).bytes);
    },
    now,
  });
  const others = new ClusterGateways({ lease, numbers, peers, directory, characters, now });
  const connectionsMax = connectionsWithin(openFilesMax(), options.limits?.connectionsMax);
  const placement = new Placement({
    zones,
    onPlaced: (session) => gateway.restore([session]),
    onNowhere: (record, crossing) => outOfWorld(record, crossing, { characters, sessions }),
    now,
  });
  // Before the gateway: a departure of somebody who is sought is not the gateway's.
  zones.listen(placement);
  const gateway: Gateway = new Gateway({
    supervisor: zones,
    emitter,
    world,
    tickRateHz,
    store: sessions,
    characters,
    others,
    ...(options.guests === undefined ? {} : { guests: options.guests }),
    token: options.playerToken,
    limits: { ...options.limits, connectionsMax },
  });
  undo.push(async () => {
    await gateway.stop();
    zones.onServerTick();
    await Promise.race([sessions.safe() ?? Promise.resolve(), Bun.sleep(LAST_WRITES_MS_MAX)]);
    sessions.close();
    await lease.leave(usedTickets());
  });
  const usedTickets = (): number => gateway.lastTicket - ticketOf(number, 0);
  const claims = new SessionClaims({
    bus,
    names,
    gateway: number,
    local: gateway,
    zones,
    sessions,
    isReserving: (key) => others.isReserving(key),
    now,
  });
  undo.push(() => claims.close());
  others.attach({ local: gateway, claims, placement, sessions });
  const adoption = new Adoption({
    numbers,
    peers,
    directory,
    sessions,
    placement,
    gateway: number,
    emitter,
    isHere: (id) => others.isHere(id),
  });

  const readiness = new Readiness({ listeners: ["game", "http"], zones: world.zones, tickRateHz, now });
  const metrics = new Metrics({ now, tickRateHz });
  for (const { id, name: zoneName } of world.zones) metrics.zones.nameZone(id, zoneName);
  for (const listener of [metrics, readiness]) zones.listen(listener);
  const figures = (): GatewayFigures => ({
    sessions: gateway.sessions.size,
    sought: placement.size,
    adopted: adoption.adopted,
    given: claims.given,
    ghosts: gateway.membership.ghosts,
    zones: [...zones.zones.values()].map(({ id, epoch, state, players, queue }) => {
      return { zone: id, epoch, state, players, waiting: queue.size };
    }),
  });
  registerGatewayMetrics(metrics, gateway);
  registerTelemetryMetrics(metrics, telemetry);
  registerClusterGateway(metrics, { gateway: number, figures, readiness, zones });

  const ports = { game: 0, http: 0, telemetry: telemetry.udpPort };
  const ticks = startNominalTicks((tick, lateMs) => {
    zones.onServerTick();
    gateway.onServerTick(tick, lateMs);
    if (tick % SWEEP_TICKS === 0) sessions.sweep();
    emitter.flush();
  });
  undo.push(() => ticks.stop());
  const look = async (): Promise<void> => {
    peers.beat({ pid: process.pid, sessions: gateway.sessions.size, game: ports.game, http: ports.http });
    peers.look();
    placement.look();
    if (await lease.confirm(usedTickets())) await adoption.look();
  };
  const timer = setInterval(() => void look(), CONFIRM_MS);
  undo.push(() => clearInterval(timer));
  await look();
  await zones.heard(FIRST_WORDS_MS_MAX);

  ports.game = gateway.listen(host, options.port);
  const http = await startHttp({
    host,
    port: options.httpPort,
    metrics,
    readiness,
    secret: Secret.of(token),
    wrongTokens: new WrongTokens(now),
    ...(options.httpLimits === undefined ? {} : { limits: options.httpLimits }),
    now,
  });
  registerHttpMetrics(metrics, http);
  undo.push(() => http.stop());
  undo.push(() => readiness.stop());
  ports.http = http.port;
  for (const listener of ["game", "http"]) readiness.up(listener);
  const warnings = openToStrangers(host, options);
  for (const warning of warnings) emitter.emit("event", "gateway", "Open to strangers", { host, warning });
  emitter.emit("event", "gateway", "Gateway started", { gateway: number, port: ports.game });
  return {
    gateway: number,
    ports,
    zones: world.zones.map(({ id, name: zoneName }) => ({ id, name: zoneName })),
    dataDir,
    connectionsMax:
      connectionsMax < (options.limits?.connectionsMax ?? DEFAULT_LIMITS.connectionsMax) ? connectionsMax : null,
    warnings,
    figures,
  };
}

/** Connects to the bus and takes a number. */
async function join(
  options: GatewayOptions,
  names: BusNames,
  undo: StopSteps,
): Promise<{ bus: Bus; lease: GatewayLease; numbers: GatewayNumbers }> {
  const { user, password, ca } = options;
  const bus = await Bus.connect({
    servers: options.bus.split(","),
    name: "gateway",
    user,
    password,
    ca,
  });
  undo.push(() => bus.close());
  const numbers = await GatewayNumbers.open(await bus.bucket(names.bucket("gateways")), crypto.randomUUID());
  undo.push(() => numbers.close());
  const lease = await GatewayLease.take({
    numbers,
    now,
    onLost: (reason) => options.onMustRestart?.(`This gateway can not go on: ${reason}.`, "watchdog"),
  });
  return { bus, lease, numbers };
}
