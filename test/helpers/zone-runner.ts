// A zone with everything its worker gives it, driven tick by tick by the test on a clock of the test's.
//
//   const bench = await RunnerBench.start()
//   bench.give({ op: OP_TRAP, session: 7 })
//   bench.tick(3)
//   bench.emitter.messages("Command quarantined")
//   bench.states                                   // ["ACTIVE > CRASHED", "CRASHED > DEGRADED"]

import { FaultBlock } from "../../server/shared/fault-block.ts";
import { ZoneFaultHost } from "../../server/zone/zone-faults.ts";
import { Breadcrumb } from "../../server/shared/breadcrumb.ts";
import type { FromZoneWorker } from "../../server/shared/zone-messages.ts";
import { Ring } from "../../server/shared/ring.ts";
import { spawnCreatures } from "../../server/zone/zone-host.ts";
import { ZoneOutput } from "../../server/zone/zone-output.ts";
import { ZoneRunner } from "../../server/zone/zone-runner.ts";
import type { ZoneRunnerOptions } from "../../server/zone/zone-runner-options.ts";
import { MemoryEmitter } from "./control-faults.ts";
import { commandRecord } from "./zone-commands.ts";
import type { Command } from "./zone-commands.ts";
import { putPlant, TEST_FUEL, testKernel, testWorld } from "./zone.ts";
import type { TestZoneOptions } from "./zone.ts";
import { REPORT, emptyReport } from "../../server/shared/tick-report.ts";

const INTERVAL_MS = 50;

export type RunnerBenchOptions = TestZoneOptions &
  Partial<Pick<ZoneRunnerOptions, "after" | "earlier" | "blackBox" | "writer" | "undoBounds">>;

export type ToldBy<Type extends FromZoneWorker["type"]> = Extract<FromZoneWorker, { type: Type }>;

export class RunnerBench {
  readonly emitter = new MemoryEmitter();
  readonly block = new FaultBlock(FaultBlock.allocate());
  readonly faults: ZoneFaultHost;
  readonly output: Ring;
  readonly said: FromZoneWorker[] = [];
  readonly runner: ZoneRunner;
  /** What the next tick seems to take. */
  tickMs = 1;
  ms = 0;
  /** What the next tick seems to use of the processor, and what all have used. */
  tickCpuMs = 0;
  cpuMs = 0;

  /** What the worker's breadcrumb said whenever the zone looked at the clock. */
  readonly crumb = new Breadcrumb(Breadcrumb.allocate());
  readonly stages = new Set<string>();
  /** For how long a fault holds up each tick. */
  pauseMs = 0;

  static async start(options: RunnerBenchOptions & { outputBytes?: number } = {}): Promise<RunnerBench> {
    const { zones, content } = await testWorld();
    const { plant, outputBytes = 1 << 20, ...zoneOptions } = options;
    const defaults = { zone: zones[0]!, content, kernel: await testKernel() };
    const bench = new RunnerBench({ ...defaults, ...zoneOptions }, outputBytes);
    if (plant !== undefined) putPlant(bench.runner.zone, plant);
    return bench;
  }

  private constructor(
    options: RunnerBenchOptions & Required<Pick<TestZoneOptions, "zone" | "content" | "kernel">>,
    outputBytes: number,
  ) {
    const { emitter, block } = this;
    this.faults = new ZoneFaultHost({ block: block.buffer, zones: [options.zone.id], emitter });
    this.output = new Ring(Ring.allocate(outputBytes));
    this.runner = new ZoneRunner({
      tickRateHz: 1_000 / INTERVAL_MS,
      seed: 1,
      fuelPerTick: TEST_FUEL,
      ...options,
      now: () => {
        this.stages.add(this.crumb.read().stage);
        return this.ms;
      },
      crumb: this.crumb,
      emitter,
      faults: {
        commands: (batch) => this.faults.commands(batch),
        beforeStep: (zoneId, tick) => {
          if (this.pauseMs > 0) this.runner.pauses(this.pauseMs);
          this.ms += this.tickMs + this.pauseMs;
          this.cpuMs += this.tickCpuMs;
          this.faults.beforeStep(zoneId, tick);
        },
        afterStep: (zoneId, tick) => this.faults.afterStep(zoneId, tick),
      },
      output: new ZoneOutput(new Ring(this.output.buffer)),
      say: (message) => void this.said.push(structuredClone(message)),
      startMs: 0,
      spawn: (batch) => spawnCreatures(batch, options.zone),
      cpuMs: () => this.cpuMs,
      share: () => 1,
    });
  }

  /** Commands for the next tick. */
  give(...commands: Command[]): void {
    for (const command of commands) this.runner.accept(new Uint32Array(commandRecord(command).buffer), 0);
  }

  /** Lets so many deadlines come, one after the other. */
  tick(count = 1): void {
    for (let done = 0; done < count; done++) {
      this.ms = Math.max(this.ms, this.runner.clock.deadline);
      this.runner.runTick();
    }
  }

  /** Lets that much time pass. */
  pass(ms: number): void {
    const end = this.ms + ms;
    while (this.runner.clock.deadline <= end) this.tick();
    this.ms = end;
  }

  get state(): string {
    return String(this.runner.inspect()["state"]);
  }

  /** Its moves from state to state, all of them said and emitted alike. */
  get states(): string[] {
    const said = this.told("zone_state").map(({ from, to }) => `${from} > ${to}`);
    const emitted = this.emitter
      .messages("Zone state changed")
      .map(({ data }) => `${String(data["from_state"])} > ${String(data["to_state"])}`);
    if (said.join() !== emitted.join()) throw new Error(`Said ${said.join()}, emitted ${emitted.join()}.`);
    return said;
  }

  told<Type extends FromZoneWorker["type"]>(type: Type): ToldBy<Type>[] {
    return this.said.filter((message): message is ToldBy<Type> => message.type === type);
  }

  /** Everything in the output ring: the kinds of its records in order, and the reports among them. */
  drain(): { kinds: number[]; reports: ReturnType<typeof emptyReport>[] } {
    const kinds: number[] = [];
    const reports: ReturnType<typeof emptyReport>[] = [];
    const { view } = this.output;
    this.output.drain((offset) => {
      const kind = view.getUint32(offset, true);
      kinds.push(kind);
      if (kind !== REPORT.kind) return;
      const report = emptyReport(0);
      REPORT.read(view, offset, REPORT.bytes, report);
      reports.push(report);
    });
    return { kinds, reports };
  }
}
