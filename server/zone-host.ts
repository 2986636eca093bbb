// The composition root of a zone host of a cluster: creates its parts, starts them in order, and stops them in reverse order. A zone is the
// same as in a server of one process, with a supervisor of its own; its journal and its players are on the bus (docs/CLUSTER.md).
//
//   const host = await startZoneHost({ bus: "nats://127.0.0.1:4222", name: "a", dataDir })
//   host.zones()             // [1, 4]
//   await host.stop()        // others go on with its zones

import { resolve } from "node:path";
import { version } from "../package.json";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { Bus } from "./bus/bus.ts";
import { BusNames } from "./bus/subjects.ts";
import { HeardGateways } from "./main/cluster/heard-gateways.ts";
import { HostZones } from "./main/cluster/host-zones.ts";
import { startTelemetry } from "./main/monitoring/telemetry.ts";
import { SpareWorkers } from "./main/spare-workers.ts";
import { workers } from "./main/workers.ts";
import { loadWorld } from "./protocol/content/load.ts";
import type { RunningZoneHost, ZoneHostOptions } from "./protocol/zone-host-options.ts";
import { lockDataDir } from "./store/data-dir.ts";

const now = (): number => performance.now();
const JOURNAL_HOURS = 24;
const JOURNAL_MEGABYTES = 256;
/** Workers that wait for the zones of others. */
const SPARE_WORKERS = 1;
const FLUSH_MS = 50;

/** Starts a zone host. Throws WowsimError (bus_unreachable, data_dir, ...); then no part is left running. */
export async function startZoneHost(options: ZoneHostOptions): Promise<RunningZoneHost> {
  const undo: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= runBackwards(undo));
  try {
    return { ...(await start(options, undo)), stop };
  } catch (error) {
    // Why it could not start tells more than what its stop finds.
    await stop().catch(() => {});
    throw error;
  }
}

async function start(
  options: ZoneHostOptions,
  undo: (() => Promise<void> | void)[],
): Promise<Omit<RunningZoneHost, "stop">> {
  const { name, bus: servers, user, password, ca, tickRateHz = 20, seed = 1 } = options;
  const dataDir = resolve(options.dataDir);
  const spare = new SpareWorkers(workers.zone);
  undo.push(() => spare.stop());
  const [world, wasm] = await Promise.all([
    loadWorld(options.worldFile),
    ensureKernel().then((path) => Bun.file(path).bytes()),
  ]);
  const kernel = loadKernel(wasm, `wowsim ${version}`);
  const lock = await lockDataDir(dataDir);
  undo.push(() => lock.release());
  const telemetry = await startTelemetry({
    file: `${dataDir}/telemetry.jsonl`,
    udpHost: "127.0.0.1",
    udpPort: 0,
    producers: 1 + world.zones.length,
    origin: { host: name },
    clock: Date.now,
    workers,
  });
  undo.push(() => telemetry.stop());
  const { emitter } = telemetry;
  const names = new BusNames(options.prefix);
  const login = { servers, user, password, ca };
  const bus = await Bus.connect({ ...login, name: `host ${name}` });
  undo.push(() => bus.close());
  // A journal must not wait for frames.
  const journalBus = await Bus.connect({ ...login, name: `host ${name}, journals` });
  undo.push(() => journalBus.close());
  emitter.emit("event", "server", "Zone host starting", { version, host: name });
  const gateways = new HeardGateways(bus, names, now);
  undo.push(() => gateways.close());
  const zones = await HostZones.start({
    name,
    bus,
    journalBus,
    names,
    world,
    kernel,
    wasm,
    newWorker: () => spare.take(SPARE_WORKERS),
    telemetry,
    tickRateHz,
    seed,
    watchdogMs: options.watchdogMs,
    retention: {
      hours: options.journalHours ?? JOURNAL_HOURS,
      megabytes: options.journalMegabytes ?? JOURNAL_MEGABYTES,
    },
    gateways: () => gateways.alive(),
    onWarning: (warning) => options.onWarning?.(warning),
    onBurning: (reason) => options.onMustRestart?.(reason, "watchdog"),
    now,
  });
  undo.push(() => zones.stop());
  spare.prepare(SPARE_WORKERS);
  const flush = setInterval(() => emitter.flush(), FLUSH_MS);
  undo.push(() => clearInterval(flush));
  return {
    name,
    dataDir,
    ports: { telemetry: telemetry.udpPort },
    zones: () => zones.owned,
    settled: () => zones.settled(),
  };
}

/** Runs the stop steps, newest first; when one step fails, the others still run. Throws what failed. */
async function runBackwards(steps: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "The zone host could not be stopped in order.");
}
