// Whatever is activated, removed and halted, in whatever order, with zones going down and coming back: the registry says
// what a simple model says, and with everything removed the zones are as before.

import { test } from "bun:test";
import fc from "fast-check";
import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { FaultBench } from "../helpers/control-faults.ts";

interface Model {
  halted: boolean;
  /** Ticks left of each active fault. */
  active: Map<string, number>;
  activations: Map<string, number>;
}

type Step = fc.Command<Model, FaultBench>;

/** Parameters that cost a test neither time nor memory. */
const CHEAP: Record<string, object> = {
  "latency-spike": { delay_ms: 1 },
  "memory-pressure": { megabytes: 1 },
  "slow-leak": { increment_ms: 1, increment_every: 10_000 },
  "event-queue-flood": { multiplier: 1 },
};

class Activate implements Step {
  constructor(
    readonly id: string,
    readonly duration: number,
    readonly zone: number,
  ) {}
  check = () => true;
  run(model: Model, bench: FaultBench): void {
    const request = {
      fault_id: this.id,
      params: CHEAP[this.id] ?? {},
      target_zone_id: this.zone,
      duration_ticks: this.duration,
    };
    let refused = false;
    try {
      bench.registry.activate(request);
    } catch {
      // The model knows the one reason there is here: the kill switch.
      refused = true;
    }
    if (refused !== model.halted) throw new Error(`${this.id} was ${refused ? "" : "not "}refused`);
    if (model.halted) return;
    model.active.set(this.id, this.duration || 12_000);
    model.activations.set(this.id, (model.activations.get(this.id) ?? 0) + 1);
  }
  toString = () => `activate(${this.id}, ${this.duration}, zone ${this.zone})`;
}

class Deactivate implements Step {
  constructor(readonly id: string) {}
  check = () => true;
  run(model: Model, bench: FaultBench): void {
    const was = bench.registry.deactivate(this.id);
    if (was !== model.active.delete(this.id)) throw new Error(`${this.id} was ${was ? "" : "not "}active`);
  }
  toString = () => `deactivate(${this.id})`;
}

class Halt implements Step {
  check = () => true;
  run(model: Model, bench: FaultBench): void {
    bench.registry.halt();
    model.halted = true;
    model.active.clear();
  }
  toString = () => "halt";
}

class Resume implements Step {
  check = () => true;
  run(model: Model, bench: FaultBench): void {
    bench.registry.resume();
    model.halted = false;
  }
  toString = () => "resume";
}

class SetDown implements Step {
  constructor(
    readonly zone: number,
    readonly isDown: boolean,
  ) {}
  check = () => true;
  run(_model: Model, bench: FaultBench): void {
    bench.zone(this.zone).isDown = this.isDown;
  }
  toString = () => `zone ${this.zone} ${this.isDown ? "down" : "up"}`;
}

class Tick implements Step {
  constructor(readonly count: number) {}
  check = () => true;
  run(model: Model, bench: FaultBench): void {
    for (const session of bench.sessions) session.connected = true;
    bench.tick(this.count);
    for (const [id, left] of model.active) {
      if (left <= this.count) model.active.delete(id);
      else model.active.set(id, left - this.count);
    }
    for (const status of bench.registry.list()) {
      const left = model.active.get(status.id);
      const told = status.active ? status.ticks_left : undefined;
      if (told !== left) throw new Error(`${status.id} has ${told} ticks left, not ${left}`);
      if (status.activations !== (model.activations.get(status.id) ?? 0)) throw new Error(`${status.id} miscounts`);
      if (status.affected > status.eligible) throw new Error(`${status.id} hit more than it could`);
    }
  }
  toString = () => `tick(${this.count})`;
}

test("faults and the registry agree with the model, and leave nothing behind", () => {
  const id = fc.constantFrom(...FAULTS.map((fault) => fault.id));
  const zone = fc.constantFrom(1, 2, 3);
  const commands = [
    fc.tuple(id, fc.constantFrom(0, 1, 2, 5), fc.constantFrom(0, 1, 2, 3)).map((args) => new Activate(...args)),
    id.map((fault) => new Deactivate(fault)),
    fc.integer({ min: 1, max: 4 }).map((count) => new Tick(count)),
    fc.tuple(zone, fc.boolean()).map((args) => new SetDown(...args)),
    fc.constant(new Halt()),
    fc.constant(new Resume()),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { size: "+1" }), (steps) => {
      const bench = new FaultBench({ zones: 3 });
      const before = JSON.stringify(bench.residue());
      const model: Model = { halted: false, active: new Map(), activations: new Map() };
      fc.modelRun(() => ({ model, real: bench }), steps);
      bench.registry.halt();
      for (const zoneOfBench of bench.zones) zoneOfBench.isDown = false;
      bench.tick(3);
      const after = JSON.stringify(bench.residue());
      if (after !== before) throw new Error(`left behind: ${after}, was ${before}`);
    }),
    { numRuns: 300 },
  );
});
