// The composition root: creates every part of the server, passes each part what it needs, starts the parts in order and
// stops them in reverse order. It has no logic of its own; docs/ARCHITECTURE.md says who owns what.
//
//   const server = await startServer({ port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0, dataDir })
//   server.ports                 // { game: 40123, control: 40124, http: 40125, telemetry: 40126 }
//   await server.stop()          // tells the players, writes the last telemetry; takes at most 2 s

import { resolve } from "node:path";
import { version } from "../package.json";
import { loadWorld } from "./protocol/content/load.ts";
import { registerDeployCommands } from "./main/control/deploy-commands.ts";
import { DeployLog, lostText } from "./main/control/deploy-log.ts";
import { Deployer } from "./main/control/deploy.ts";
import { registerFaultCommands } from "./main/fault-commands.ts";
import { registerServerCommand } from "./main/control/server-command.ts";
import { ControlServer } from "./main/control/server.ts";
import { registerZoneCommands, ZoneViews } from "./main/control/zone-views.ts";
import { messageOf } from "./protocol/errors.ts";
import { openToStrangers } from "./main/exposure.ts";
import { FAULTS } from "./protocol/faults/catalogue.ts";
import { FaultBlock } from "./shared/fault-block.ts";
import { NOMINAL_TICK_MS, startNominalTicks } from "./main/faults/nominal-ticks.ts";
import { FaultRegistry } from "./main/faults/registry.ts";
import { FullCollection } from "./shared/full-collection.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import type { Kernel } from "../assembly/toolchain/kernel.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { Gateway } from "./main/gateway/gateway.ts";
import { connectionsWithin, DEFAULT_LIMITS } from "./protocol/game/limits.ts";
import { Secret } from "./shared/secret.ts";
import { WrongTokens } from "./shared/wrong-tokens.ts";
import { openFilesMax } from "./protocol/open-files.ts";
import { registerHttpMetrics, registerServerMetrics } from "./main/server-metrics.ts";
import { lockDataDir, lockTelemetryFile, STDOUT } from "./store/data-dir.ts";
import { LOCK_CHECK_MS, ServerLocks, worded } from "./main/server-locks.ts";
import { writeServerFile } from "./protocol/server-file.ts";
import type { ServerPlace } from "./protocol/server-file.ts";
import type { Emitter } from "./protocol/telemetry-line.ts";
import { startHttp } from "./main/monitoring/http.ts";
import { Metrics } from "./main/monitoring/metrics.ts";
import { Readiness } from "./main/monitoring/readiness.ts";
import { registerTelemetryMetrics } from "./main/monitoring/telemetry-metrics.ts";
import { startTelemetry } from "./main/monitoring/telemetry.ts";
import { workers } from "./main/workers.ts";
import { ZoneSupervisor } from "./main/zones/supervisor.ts";
import type { ServerOptions, RunningServer } from "./protocol/server-options.ts";

/** With more zones than this, zones share workers. */
const WORKERS_MAX = 8;

/**
 * Starts the whole server. Throws WowsimError (port_in_use, content_invalid, token_required, ...); then no part is left
 * running.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const undo: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= runBackwards(undo));
  try {
    return { ...(await start(options, undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const now = (): number => performance.now();

/** Starts the parts one after the other; each part pushes its own stop step on `undo`. */
async function start(
  options: ServerOptions,
  undo: (() => Promise<void> | void)[],
): Promise<Omit<RunningServer, "stop">> {
  const { host = "127.0.0.1", tickRateHz = 20, seed = 1, token } = options;
  const dataDir = resolve(options.dataDir);
  const { telemetryFile: given = `${dataDir}/telemetry.jsonl` } = options;
  const telemetryFile = given === STDOUT ? STDOUT : resolve(given);
  const [world, kernel] = await Promise.all([loadWorld(options.worldFile), builtKernel()]);
  const workerCount = Math.min(options.workers ?? WORKERS_MAX, world.zones.length);
  const dataLock = await lockDataDir(dataDir);
  undo.push(() => dataLock.release());
  const fileLock = await lockTelemetryFile(telemetryFile);
  undo.push(() => fileLock?.release());
  const locks = new ServerLocks(dataLock, fileLock);

  const telemetry = await startTelemetry({
    file: telemetryFile,
    lock: fileLock === null ? null : { path: fileLock.path, inode: locks.telemetryInode },
    ...(options.telemetryBytesMax === undefined ? {} : { rotateBytes: options.telemetryBytesMax }),
    udpHost: host,
    udpPort: options.telemetryPort,
    udpToken: token,
    feedLimits: options.feedLimits,
    producers: 1 + workerCount,
    clock: Date.now,
    workers,
  });
  undo.push(() => telemetry.stop());
  const { emitter } = telemetry;
  let hasStarted = false;
  undo.push(() => {
    if (hasStarted) emitter.emit("event", "game_server", "Server stopped", {});
  });
  const connectionsMax = connectionsWithin(openFilesMax(), options.limits?.connectionsMax);
  emitter.emit("event", "server", "Server starting", {
    version,
    tick_rate_hz: tickRateHz,
    connections_max: connectionsMax,
  });

  const faultBlock = FaultBlock.allocate();
  const supervisor = await ZoneSupervisor.start({
    world,
    workers: workerCount,
    newWorker: options.newZoneWorker ?? workers.zone,
    tickRateHz,
    seed,
    kernel,
    telemetryRings: telemetry,
    faultBlock,
    emitter,
    ...(options.watchdogMs === undefined ? {} : { watchdogMs: options.watchdogMs }),
  });
  undo.push(() => supervisor.stop());
  emitter.emit("event", "server", "Zones initialized", { zone_count: world.zones.length });

  const gateway = new Gateway({
    supervisor,
    emitter,
    world,
    tickRateHz,
    ...(options.guests === undefined ? {} : { guests: options.guests }),
    token: options.playerToken,
    limits: { ...options.limits, connectionsMax },
  });
  undo.push(() => gateway.stop());

  const faults = new FaultRegistry({
    block: faultBlock,
    emitter,
    seed,
    zones: supervisor,
    players: gateway,
  });
  supervisor.listen(faults);
  undo.push(() => faults.stop());
  emitter.emit("event", "server", "Fault registry initialized", { fault_count: FAULTS.length });

  const wrongTokens = new WrongTokens(now);
  const control = new ControlServer({
    emitter,
    wrongTokens,
    ...(token === undefined ? {} : { token }),
    ...(options.controlLimits === undefined ? {} : { limits: options.controlLimits }),
  });
  registerFaultCommands(control, faults);
  const deployLog = await DeployLog.open({ file: `${dataDir}/deploys.jsonl`, kernel, emitter, clock: Date.now, now });
  undo.push(() => deployLog.close());
  const deployer = new Deployer({
    zones: supervisor,
    kernel,
    emitter,
    newWorker: workers.check,
    now,
    log: deployLog,
  });
  supervisor.listen(deployer);
  registerDeployCommands(control, deployer, deployLog);
  undo.push(() => deployer.stop());
  registerZoneCommands(
    control,
    new ZoneViews({ zones: supervisor, players: gateway.sessions, creatures: world.content.creatures, now }),
  );
  const zones = world.zones.map(({ id, name }) => ({ id, name }));
  const ports = { game: 0, control: 0, http: 0, telemetry: 0 };
  registerServerCommand(control, { host, ports, version, tickRateHz, zones, dataDir });
  undo.push(() => control.stop());

  const listeners = ["game", "control", "http", "telemetry"];
  const readiness = new Readiness({ listeners, zones: world.zones, tickRateHz, now });
  const metrics = new Metrics({ now, tickRateHz });
  registerTelemetryMetrics(metrics, telemetry);
  registerServerMetrics(metrics, { supervisor, gateway, faults, control, readiness, tickRateHz });
  for (const { id, name } of world.zones) metrics.zones.nameZone(id, name);
  for (const listener of [metrics, readiness]) supervisor.listen(listener);

  const collection = new FullCollection();
  const ticks = startNominalTicks((tick, lateMs) => {
    faults.advance(tick);
    gateway.onServerTick(tick, lateMs);
    emitter.flush();
    collection.runWithin(NOMINAL_TICK_MS - lateMs);
  });
  undo.push(() => ticks.stop());

  ports.telemetry = telemetry.udpPort;
  ports.game = gateway.listen(host, options.port);
  ports.control = control.listen(host, options.controlPort);
  const http = await startHttp({
    host,
    port: options.httpPort,
    metrics,
    readiness,
    secret: Secret.of(token),
    wrongTokens,
    ...(options.httpLimits === undefined ? {} : { limits: options.httpLimits }),
    now,
  });
  registerHttpMetrics(metrics, http);
  undo.push(() => http.stop());
  undo.push(() => readiness.stop());
  ports.http = http.port;
  for (const listener of listeners) readiness.up(listener);
  let removeServerFile = await tellWhere(dataDir, { host, ports, version }, emitter);
  undo.push(() => removeServerFile());
  let isFailing = false;
  const lockTimer = setInterval(async () => {
    const wasFailing = isFailing;
    isFailing = telemetry.counter("fileFailing") === 1;
    if (isFailing && !wasFailing)
      options.onWarning?.(
        `Telemetry can not be written to ${telemetryFile}; it is tried again, and kept as long as there is room.`,
      );
    if (!isFailing && wasFailing) options.onWarning?.("Telemetry is written again.");
    for (const change of await locks.check()) {
      options.onWarning?.(worded(change));
      emitter.emit("error", "server", "Lock removed", { path: change.path, state: change.state });
      if (change.what === "data_dir" && change.state === "retaken")
        removeServerFile = await tellWhere(dataDir, { host, ports, version }, emitter);
    }
  }, LOCK_CHECK_MS);
  undo.push(() => clearInterval(lockTimer));
  const warnings = openToStrangers(host, options);
  for (const warning of warnings) emitter.emit("event", "server", "Open to strangers", { host, warning });
  emitter.emit("event", "game_server", "Server started", { port: ports.game });
  hasStarted = true;
  return {
    ports,
    zones,
    dataDir,
    telemetryFile,
    notices: deployLog.lost.map(lostText),
    connectionsMax:
      connectionsMax < (options.limits?.connectionsMax ?? DEFAULT_LIMITS.connectionsMax) ? connectionsMax : null,
    warnings,
  };
}

/** Writes to the data folder where the server listens. The server starts even when the disk refuses the file. */
async function tellWhere(dataDir: string, place: ServerPlace, emitter: Emitter): Promise<() => void> {
  try {
    return await writeServerFile(dataDir, place);
  } catch (error) {
    emitter.emit("error", "server", "Server file not written", { data_dir: dataDir, error: messageOf(error) });
    return () => {};
  }
}

/** The kernel of this checkout; it is built when it is missing or older than its source. */
async function builtKernel(): Promise<Kernel> {
  return loadKernel(await Bun.file(await ensureKernel()).bytes(), `wowsim ${version}`);
}

/** Runs the stop steps, newest first; when one step fails, the others still run. */
async function runBackwards(steps: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "The server could not be stopped in order.");
}
