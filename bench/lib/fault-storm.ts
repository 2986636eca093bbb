// Random faults, again and again, several at a time: each cycle activates one with random parameters, in a random zone, and
// ends it in one of the ways there are. Everything is drawn from the seed; how the lanes interleave is not.
//
//   const storm = new FaultStorm(server.ports.control, { lanes: 4, seed: 1 })
//   await storm.run(100)                  // cycles
//   storm.tally.affected.get("session-crash")
//   await storm.stop()

import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import type { FaultDefinition } from "../../server/protocol/faults/fault.ts";
import { describeParams } from "../../server/protocol/faults/params.ts";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import type { ControlAnswer } from "../../tools/client/control-client.ts";

export interface StormOptions {
  /** Activations at a time. */
  lanes: number;
  seed: number;
  zones: number;
}

export interface StormTally {
  cycles: number;
  /** Activations, and what they hit, by fault. */
  activations: Map<string, number>;
  affected: Map<string, number>;
  /** Ways in which cycles ended. */
  ends: Map<string, number>;
  /** Refusals that are part of the game, by code: halted by another lane, slots still being cleaned up. */
  refused: Map<string, number>;
  /** Answers that should not be. */
  wrong: string[];
  answerMsMax: number;
}

/** Upper bounds of parameters, so that a thousand cycles end in minutes and a small machine bears them. */
const PARAM_MAX: Record<string, number> = {
  delay_ms: 120,
  multiplier: 10,
  flood_multiplier: 5,
  megabytes: 48,
  increment_ms: 10,
  increment_every: 4,
  phantom_count: 8,
  phantom_base_id: 2_000_020,
  reconnect_delay_ticks: 8,
  every_ticks: 20,
};
const HOLD_MS_MIN = 30;
const HOLD_MS_MAX = 300;
/** One in so many is held long enough that a zone can go DOWN. */
const LONG_ONE_IN = 15;
const LONG_HOLD_MS = 1_800;
/** After a refusal another lane's halt or cleaning up is waited for. */
const RETRY_MS = 50;
const RETRIES_MAX = 400;
const EXPECTED_REFUSALS = new Set(["halted", "faults_leaving"]);
const NOMINAL_TICK_MS = 50;

export class FaultStorm {
  readonly tally: StormTally = {
    cycles: 0,
    activations: new Map(),
    affected: new Map(),
    ends: new Map(),
    refused: new Map(),
    wrong: [],
    answerMsMax: 0,
  };
  readonly #options: StormOptions;
  readonly #controls: ControlClient[];

  static async connect(port: number, options: StormOptions): Promise<FaultStorm> {
    const connecting = Array.from({ length: options.lanes }, () => ControlClient.connect({ host: "127.0.0.1", port }));
    return new FaultStorm(options, await Promise.all(connecting));
  }

  private constructor(options: StormOptions, controls: ControlClient[]) {
    this.#options = options;
    this.#controls = controls;
  }

  /** Runs so many cycles more, and ends with no fault active. */
  async run(cycles: number): Promise<void> {
    const end = this.tally.cycles + cycles;
    let begun = this.tally.cycles;
    const lane = async (control: ControlClient): Promise<void> => {
      while (begun < end) {
        await this.#cycle(control, seededRandom(seedOf(this.#options.seed, "cycle", begun++)));
        this.tally.cycles++;
      }
    };
    await Promise.all(this.#controls.map(lane));
    await this.#ask(this.#first, { command: "resume" });
    await this.#ask(this.#first, { command: "deactivate_all" });
  }

  /** True when no fault is active or being cleaned up. */
  async isOver(): Promise<boolean> {
    const { faults } = await this.#ask(this.#first, { command: "list" });
    return (faults as FaultStatus[]).every(({ active, leaving }) => !active && !leaving);
  }

  stop(): void {
    for (const control of this.#controls) control.close();
  }

  get #first(): ControlClient {
    const [control] = this.#controls;
    if (control === undefined) throw new RangeError("A storm needs a lane.");
    return control;
  }

  async #cycle(control: ControlClient, random: () => number): Promise<void> {
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    if (fault === undefined) return;
    const request = this.#activation(fault, random);
    const holdMs = random() < 1 / LONG_ONE_IN ? LONG_HOLD_MS : HOLD_MS_MIN + random() * (HOLD_MS_MAX - HOLD_MS_MIN);
    const way = random();
    const durationTicks = way < 0.15 ? Math.ceil(holdMs / NOMINAL_TICK_MS) : 0;
    await this.#activate(control, { ...request, duration_ticks: durationTicks });
    await Bun.sleep(holdMs);
    if (way >= 0.15 && way < 0.25) await this.#activate(control, this.#activation(fault, random));
    const end = endOf(way);
    add(this.tally.ends, end, 1);
    if (end === "halt") {
      await this.#ask(control, { command: "halt" });
      await this.#ask(control, { command: "resume" });
    } else if (end === "deactivate_all") await this.#ask(control, { command: "deactivate_all" });
    else if (end === "deactivate") await this.#ask(control, { command: "deactivate", fault_id: fault.id });
    else await Bun.sleep(2 * NOMINAL_TICK_MS);
    const { status } = await this.#ask(control, { command: "status", fault_id: fault.id });
    add(this.tally.affected, fault.id, (status as FaultStatus | undefined)?.affected ?? 0);
  }

  #activation(fault: FaultDefinition, random: () => number): Record<string, unknown> {
    const params: Record<string, number> = {};
    for (const { name, min, max } of describeParams(fault)) {
      const most = Math.min(max, PARAM_MAX[name] ?? max);
      params[name] = min + Math.floor(random() * (most - min + 1));
    }
    if (fault.id === "cascading-zone-failure") {
      const source = 1 + Math.floor(random() * this.#options.zones);
      params["source_zone"] = source;
      params["target_zone"] = 1 + (source % this.#options.zones);
    }
    const target_zone_id = Math.floor(random() * (this.#options.zones + 1));
    const probability = random() < 0.8 ? 1 : random();
    return { command: "activate", fault_id: fault.id, params, target_zone_id, probability };
  }

  /** Tries until nothing of the game stands in the way any more. */
  async #activate(control: ControlClient, request: Record<string, unknown>): Promise<void> {
    for (let tries = 0; tries < RETRIES_MAX; tries++) {
      const answer = await this.#ask(control, request);
      if (answer.success) return add(this.tally.activations, String(request["fault_id"]), 1);
      if (!EXPECTED_REFUSALS.has(answer.code ?? "")) return;
      await Bun.sleep(RETRY_MS);
    }
    this.tally.wrong.push(`${String(request["fault_id"])} was refused for too long`);
  }

  async #ask(control: ControlClient, request: Record<string, unknown>): Promise<ControlAnswer> {
    const start = performance.now();
    const answer = await control.request(request);
    this.tally.answerMsMax = Math.max(this.tally.answerMsMax, performance.now() - start);
    const { success, code = "", error = "" } = answer;
    if (!success && EXPECTED_REFUSALS.has(code)) add(this.tally.refused, code, 1);
    else if (!success) this.tally.wrong.push(`${JSON.stringify(request)}: ${error}`);
    return answer;
  }
}

function endOf(way: number): "expiry" | "deactivate" | "deactivate_all" | "halt" {
  if (way < 0.15) return "expiry";
  if (way < 0.9) return "deactivate";
  return way < 0.95 ? "deactivate_all" : "halt";
}

function add(counts: Map<string, number>, name: string, amount: number): void {
  counts.set(name, (counts.get(name) ?? 0) + amount);
}
