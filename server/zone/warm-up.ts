// The first ticks of a module are slow, because the engine has not compiled its hot loops yet. So a candidate first ticks a
// copy of the zone with journalled batches. The live zone then gets a warm module. A candidate that traps on the copy is
// refused. The live zone stands still meanwhile: for WARM_UP_MS_MAX with a normal module, for TIME_SHARE of a tick's time limit
// with one that does not end.

import { messageOf, WowsimError } from "../protocol/errors.ts";
import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { addressesOf } from "./addresses.ts";
import { OutputCheck } from "./output-check.ts";
import { StateRules } from "./state-rules.ts";
import { BrokenRule, InvalidOutput } from "./trap.ts";
import type { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone-options.ts";

/** New ticks start for this long, in milliseconds. It is well below a tick interval. */
const WARM_UP_MS_MAX = 15;
const WARM_UP_TICKS_MAX = 400;
/**
 * Time limit of `init`, `hash` and all ticks together, as a share of a tick's time limit: 150 ms of processor time by default.
 * A fifth was too little for the first tick of a crowd, whose code is not compiled yet.
 */
const TIME_SHARE = 1 / 2;
/** Fuel units in a slice. It is small, so that even the slowest units let the clock be checked every 25 ms. */
const SLICE = 2_000;
/** Used only by `init` on the copy, whose result is discarded. */
const SEED = 1;
const TICK_RATE_HZ = 20;

/**
 * Ticks `scratch` with the candidate. `scratch` is a memory of the zone's size and is overwritten. The ticks start from the
 * zone's last snapshot, carried over to the candidate's layout. Returns the number of ticks. Throws
 * WowsimError("candidate_trapped").
 */
export function warmUp(
  zone: Zone,
  candidate: Kernel,
  scratch: WebAssembly.Memory,
  options: Pick<ZoneOptions, "fuelPerTick" | "now" | "cpuMs" | "timeLimitMs">,
): number {
  const { segment } = zone;
  const { fuelPerTick, now } = options;
  const tank = new FuelTank({ ...options, slice: SLICE });
  const exports = instantiate(candidate, scratch, tank.refuel);
  const bytes = new Uint8Array(scratch.buffer);
  const view = new DataView(scratch.buffer);
  const at = addressesOf(candidate.layout);
  const output = new OutputCheck(scratch, candidate.layout);
  let done = 0;
  try {
    // A zone that restarts from its initial content calls these. A module on which they fail could not replace a lost worker's
    // zone.
    tank.startClock(TIME_SHARE);
    tank.fill(exports.fuel, fuelPerTick);
    exports.init(SEED, zone.id, TICK_RATE_HZ);
    exports.hash();
    zone.carry(segment, candidate.layout, scratch);
    output.noteHostWritten();
    const rules = new StateRules(scratch, candidate.layout);
    rules.leaveOutBroken();
    const end = now() + WARM_UP_MS_MAX;
    // At least one tick runs, even on a busy machine: without a tick nothing is tested.
    for (; done === 0 || (done < WARM_UP_TICKS_MAX && now() < end); done++) {
      const batch = segment.ticks === 0 ? NO_COMMANDS : segment.batch(done % segment.ticks);
      bytes.set(batch, at.commands);
      view.setUint32(at.commandCount, batch.length / COMMAND_BYTES, true);
      tank.fill(exports.fuel, fuelPerTick);
      exports.tick(segment.tick + 1 + done);
      const problem = output.problem(segment.tick + 1 + done);
      if (problem !== null) throw new InvalidOutput(problem);
      const broken = rules.problem(segment.tick + 1 + done);
      if (broken !== null) throw new BrokenRule(broken);
    }
    return done;
  } catch (thrown) {
    const cause = tank.causeOf(thrown, exports.fuel);
    throw new WowsimError(
      "candidate_trapped",
      `Module ${candidate.hash} trapped (${messageOf(cause)}) on tick ${done + 1} of a replay of zone ${zone.id}'s own journal; it was not swapped in.`,
      { cause },
    );
  }
}

const NO_COMMANDS = new Uint8Array(0);
