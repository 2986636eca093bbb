// The composition root: creates every part of the server, passes each part what it needs, starts the parts in order and
// stops them in reverse order. It has no logic of its own; docs/ARCHITECTURE.md says who owns what.
//
//   const server = await startServer({ port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0, dataDir })
//   server.ports                 // { game: 40123, control: 40124, http: 40125, telemetry: 40126 }
//   await server.stop()          // tells the players, writes the last telemetry; takes at most 2 s

import { resolve } from "node:path";
import { version } from "../package.json";
import { loadWorld } from "./protocol/content/load.ts";
import { startDeploys } from "./main/deploys-start.ts";
import { registerFaultCommands } from "./main/fault-commands.ts";
import { registerServerCommand } from "./main/control/server-command.ts";
import { ControlServer } from "./main/control/server.ts";
import { registerZoneCommands, ZoneViews } from "./main/control/zone-views.ts";
import { messageOf, WowsimError } from "./protocol/errors.ts";
import { openToStrangers } from "./main/exposure.ts";
import { FAULTS } from "./protocol/faults/catalogue.ts";
import { FaultBlock } from "./shared/fault-block.ts";
import { NOMINAL_TICK_MS, startNominalTicks } from "./main/faults/nominal-ticks.ts";
import { FaultRegistry } from "./main/faults/registry.ts";
import { Incidents } from "./main/incidents.ts";
import { mapCounters, writeCounters } from "./shared/crumb-file.ts";
import type { CharacterStore } from "./shared/character-store.ts";
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
import { DiskWatch } from "./main/monitoring/disk-watch.ts";
import { LOCK_CHECK_MS, ServerLocks, worded } from "./main/server-locks.ts";
import { writeServerFile } from "./protocol/server-file.ts";
import type { ServerPlace } from "./protocol/server-file.ts";
import type { Emitter } from "./protocol/telemetry-line.ts";
import { startHttp } from "./main/monitoring/http.ts";
import { Metrics } from "./main/monitoring/metrics.ts";
import { Readiness } from "./main/monitoring/readiness.ts";
import { registerTelemetryMetrics } from "./main/monitoring/telemetry-metrics.ts";
import { startTelemetry } from "./main/monitoring/telemetry.ts";
import { journalled } from "./main/journal/journalled-events.ts";
import { keepPromotions, lossNotices, openJournal, reportLoss, stopOnLoss } from "./main/open-journal.ts";
import { SpareWorkers } from "./main/spare-workers.ts";
import { runBackwards } from "./main/run-backwards.ts";
import type { StopSteps } from "./main/run-backwards.ts";
import { workers } from "./main/workers.ts";
import { ZoneSupervisor } from "./main/zones/supervisor.ts";
import type { ServerOptions, RunningServer } from "./protocol/server-options.ts";

/** With more zones than this, zones share workers. */
const WORKERS_MAX = 8;

/**
 * Starts the whole server. Throws WowsimError (port_in_use, content_invalid, token_required, ...); then no part is left
 * running.
 */
export async function startServer(options: ServerOptions, kept: Kept = {}): Promise<RunningServer> {
  const undo: StopSteps = [];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= runBackwards(undo, "The server"));
  try {
    return { ...(await start(options, kept, undo)), stop };
  } catch (error) {
    // Why it could not start tells more than what its stop finds.
    await stop().catch(() => {});
    throw error;
  }
}

const now = (): number => performance.now();

/** What a server gets from elsewhere, and what outlives it. */
export interface Kept {
  /** Default: characters live as long as the server. */
  characters?: CharacterStore;
}

/** Starts the parts one after the other; each part pushes its own stop step on `undo`. */
async function start(options: ServerOptions, kept: Kept, undo: StopSteps): Promise<Omit<RunningServer, "stop">> {
  const { host = "127.0.0.1", tickRateHz = 20, seed = 1, token } = options;
  const dataDir = resolve(options.dataDir);
  const { telemetryFile: given = `${dataDir}/telemetry.jsonl` } = options;
  const telemetryFile = given === STDOUT ? STDOUT : resolve(given);
  const [world, { kernel, wasm }] = await Promise.all([loadWorld(options.worldFile), builtKernel()]);
  const workerCount = Math.min(options.workers ?? WORKERS_MAX, world.zones.length);
  const zoneWorkers = new SpareWorkers(options.newZoneWorker ?? workers.zone);
  undo.push(() => zoneWorkers.stop());
  zoneWorkers.prepare(workerCount);
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
  const opened = await openJournal({
    dataDir,
    workers: workerCount,
    world,
    kernel,
    wasm,
    seed,
    tickRateHz,
    emitter: telemetry.emitter,
    options,
  });
  const { host: journal, standing } = opened;
  const emitter = journalled(telemetry.emitter, journal);
  let hasStarted = false;
  // The last line of telemetry, after the journal has been closed.
  undo.push(() => {
    if (hasStarted) telemetry.emitter.emit("event", "game_server", "Server stopped", {});
  });
  undo.push(async () => {
    if (hasStarted) journal.event("stop", { message: "Server stopped" });
    const unkept = await opened.stop();
    if (unkept !== null) throw new WowsimError("journal_unkept", unkept);
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
    newWorker: () => zoneWorkers.take(1),
    tickRateHz,
    seed,
    kernel,
    telemetryRings: telemetry,
    faultBlock,
    emitter,
    journal,
    found: opened.beginnings,
    ...(options.watchdogMs === undefined ? {} : { watchdogMs: options.watchdogMs }),
    crumbFile: options.crumbFile,
    onBurning: (reason) => {
      emitter.emit("error", "server", "Server must restart", { ending: "watchdog", reason });
      options.onMustRestart?.(reason, "watchdog");
    },
  });
  undo.push(() => supervisor.stop());
  emitter.emit("event", "server", "Zones initialized", { zone_count: world.zones.length });

  const people = opened.people(supervisor.revived);
  const gateway = new Gateway({
    store: opened.sessions,
    keepsBodies: options.isCopy ?? false,
    characters: people.store,
    restored: people.sessions,
    lastSession: people.lastSession,
    lastTicket: Math.max(0, ...supervisor.revived.map(({ ticket }) => ticket)),
    supervisor,
    emitter,
    world,
    tickRateHz,
    ...(options.guests === undefined ? {} : { guests: options.guests }),
    ...(kept.characters === undefined ? {} : { characters: kept.characters }),
    token: options.playerToken,
    limits: { ...options.limits, connectionsMax },
  });
  undo.push(() => gateway.stop());
  undo.push(() => opened.sessions.close());

  const faults = new FaultRegistry({
    block: faultBlock,
    emitter,
    seed,
    zones: supervisor,
    players: gateway,
    disk: journal.trouble,
    isHalted: opened.isHalted,
    onHalt: (isHalted) => journal.put("halt", "faults", isHalted ? { since: Date.now() } : null),
  });
  supervisor.listen(faults);
  undo.push(() => faults.stop());
  emitter.emit("event", "server", "Fault registry initialized", { fault_count: FAULTS.length });

  const listeners = ["game", "control", "http", "telemetry"];
  const readiness = new Readiness({ listeners, zones: world.zones, tickRateHz, now });
  const incidents = new Incidents({ readiness, journal, now });
  const wrongTokens = new WrongTokens(now);
  const control = new ControlServer({
    emitter,
    wrongTokens,
    ...(token === undefined ? {} : { token }),
    ...(options.controlLimits === undefined ? {} : { limits: options.controlLimits }),
  });
  registerFaultCommands(control, faults, () => journal.safe());
  supervisor.listen(keepPromotions(journal));
  supervisor.listen(reportLoss(emitter, opened.gap, (warning) => options.onWarning?.(warning)));
  if (options.onJournalLoss === "stop")
    supervisor.listen(stopOnLoss((reason) => options.onMustRestart?.(reason, "disk")));
  const metrics = new Metrics({ now, tickRateHz });
  supervisor.handOut();
  const { gate, notices } = await startDeploys(
    {
      dataDir,
      world,
      kernel,
      standing,
      journal,
      supervisor,
      gateway,
      control,
      metrics,
      incidents,
      emitter,
      tickRateHz,
      now,
    },
    undo,
  );
  registerZoneCommands(
    control,
    new ZoneViews({ zones: supervisor, players: gateway.sessions, creatures: world.content.creatures, now }),
  );
  const zones = world.zones.map(({ id, name }) => ({ id, name }));
  const ports = { game: 0, control: 0, http: 0, telemetry: 0 };
  registerServerCommand(control, { host, ports, version, tickRateHz, zones, dataDir });
  undo.push(() => control.stop());

  registerTelemetryMetrics(metrics, telemetry);
  registerServerMetrics(metrics, {
    supervisor,
    gateway,
    faults,
    control,
    readiness,
    deploys: gate,
    journal,
    tickRateHz,
  });
  for (const { id, name } of world.zones) metrics.zones.nameZone(id, name);
  for (const listener of [metrics, readiness, incidents]) supervisor.listen(listener);

  const { crumbFile } = options;
  const counters = crumbFile === undefined ? null : mapCounters(crumbFile);
  const collection = new FullCollection();
  const ticks = startNominalTicks((tick, lateMs) => {
    faults.advance(tick);
    gateway.onServerTick(tick, lateMs);
    telemetry.emitter.flush();
    journal.flush();
    if (counters !== null) writeCounters(counters, { tick, sessions: gateway.sessions.size, ...supervisor.counters });
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
  const diskWatch = new DiskWatch({
    telemetry,
    journal,
    telemetryFile,
    emitter: telemetry.emitter,
    warn: (warning) => options.onWarning?.(warning),
  });
  const lockTimer = setInterval(async () => {
    diskWatch.look();
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
    notices: [...opened.notices, ...lossNotices(supervisor.revived), ...notices],
    connectionsMax:
      connectionsMax < (options.limits?.connectionsMax ?? DEFAULT_LIMITS.connectionsMax) ? connectionsMax : null,
    warnings,
    doing: () => supervisor.doing(),
    crashing: async (reason) => {
      emitter.emit("error", "server", "Server crashed", { error: reason });
      await telemetry.stop();
    },
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
async function builtKernel(): Promise<{ kernel: Kernel; wasm: Uint8Array }> {
  const wasm = await Bun.file(await ensureKernel()).bytes();
  return { kernel: loadKernel(wasm, `wowsim ${version}`), wasm };
}
