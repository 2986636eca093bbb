// A module's first ticks run slowly, before the engine has compiled its hot loops. A candidate therefore first ticks a copy
// of the zone, over journalled batches: the live zone gets it warm. A candidate that traps there is refused. The live zone stands
// still meanwhile: for WARM_UP_MS_MAX with an honest module, for TIME_SHARE of a tick's time limit with one that does not end.

import { messageOf, WowsimError } from "../protocol/errors.ts";
import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { addressesOf } from "./addresses.ts";
import { OutputCheck } from "./output-check.ts";
import { InvalidOutput } from "./trap.ts";
import type { Zone, ZoneOptions } from "./zone.ts";

/** How long ticks are begun, in milliseconds, well below a tick interval. */
const WARM_UP_MS_MAX = 15;
const WARM_UP_TICKS_MAX = 400;
/** Of a tick's time limit, what `init`, `hash` and all ticks have together: 60 ms of a processor by default. */
const TIME_SHARE = 1 / 5;
/** Small, so that the clock is looked at every 25 ms by the dearest units there are. */
const SLICE = 2_000;
/** Of the copy, which is thrown away. */
const SEED = 1;
const TICK_RATE_HZ = 20;

/**
 * Ticks `scratch` (a memory of the zone's size, overwritten) with the candidate, from the zone's last snapshot on, carried over
 * to the candidate's layout.
 * Returns how many ticks. Throws WowsimError("candidate_trapped").
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
  const output = new OutputCheck(scratch, at);
  let done = 0;
  try {
    // What a zone that begins anew would call: a module that can not do that can not follow a lost worker.
    tank.startClock(TIME_SHARE);
    tank.fill(exports.fuel, fuelPerTick);
    exports.init(SEED, zone.id, TICK_RATE_HZ);
    exports.hash();
    zone.carry(segment, candidate.layout, scratch);
    output.noteHostWritten();
    const end = now() + WARM_UP_MS_MAX;
    // One tick at least, however busy the machine: none would prove nothing.
    for (; done === 0 || (done < WARM_UP_TICKS_MAX && now() < end); done++) {
      const batch = segment.ticks === 0 ? NO_COMMANDS : segment.batch(done % segment.ticks);
      bytes.set(batch, at.commands);
      view.setUint32(at.commandCount, batch.length / COMMAND_BYTES, true);
      tank.fill(exports.fuel, fuelPerTick);
      exports.tick(segment.tick + 1 + done);
      const problem = output.problem(segment.tick + 1 + done);
      if (problem !== null) throw new InvalidOutput(problem);
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
