// History again, offline: the ticks of a journal are run from its snapshots, and each gives the hash that it gave then.
//
//   const result = await replay({ dataDir: ".wowsim", zone: 1, from: 900 }, { onEpoch: console.log })
//   result.zones       // [{ zone: 1, ticks: 400, verified: 400, lost: 0, firstDifference: null, problems: [], ... }]
//
// One zone after the other, in this thread. A thread for each zone would need a copy of the journal's rows for each.

import { createMemory } from "../../assembly/toolchain/instance.ts";
import { loadContent } from "../protocol/content/load.ts";
import { WowsimError } from "../protocol/errors.ts";
import type { ReplayObserver, ReplayOptions, ReplayResult } from "../protocol/replay.ts";
import { parseCondition } from "./expression.ts";
import { Lockstep } from "../lockstep/lockstep.ts";
import { loadOther, RecordedModules } from "./modules.ts";
import { JournalNames } from "./names.ts";
import { openJournal, zonesOf } from "./open-journal.ts";
import { Pause } from "./pause.ts";
import { ticksOf, timelineOf } from "./timeline.ts";
import type { Range } from "./timeline.ts";
import type { EpochReader } from "../store/world-epochs.ts";
import { ZoneReplayRun } from "./zone-replay.ts";

/** Throws WowsimError; what is damaged in the journal is in the result. */
export async function replay(options: ReplayOptions, observer: ReplayObserver): Promise<ReplayResult> {
  const start = performance.now();
  const range = rangeOf(options);
  const until = options.until === undefined ? null : parseCondition(options.until);
  const other = options.module === undefined ? null : await loadOther(options.module);
  const otherMemory = other === null ? null : createMemory(other);
  using journal = openJournal(options);
  const { reader, epochs, problems } = journal;
  const plans = zonesOf(reader, options.zone, problems).map((zone) => {
    const found: string[] = [];
    return { zone, found, ...timelineOf(reader, epochs, zone, range, found) };
  });
  if (plans.every(({ stretches }) => stretches.length === 0)) throw nothingKept(epochs, options, plans);
  const names = new JournalNames(reader, loadContent());
  observer.onNames?.(names);
  const modules = new RecordedModules(reader);
  const ticks = plans.flatMap(({ stretches }) => stretches.map(ticksOf)).reduce((sum, count) => sum + count, 0);
  const pause = new Pause(ticks, options.signal);
  const zones = [];
  for (const { zone, found, stretches, lost } of plans) {
    const follower = other === null || otherMemory === null ? null : new Lockstep(other, otherMemory);
    const run = new ZoneReplayRun(
      {
        epochs,
        modules,
        names,
        observer,
        pause,
        from: range.from,
        watch: options.watch ?? null,
        wantsEvents: options.events === true,
        until,
        follower,
      },
      zone,
    );
    run.result.problems.push(...found);
    run.result.lost += lost;
    await run.play(stretches);
    run.result.comparison = follower?.comparison ?? null;
    zones.push(run.result);
    if (pause.isAborted) break;
  }
  return { zones, seconds: (performance.now() - start) / 1_000, problems, interrupted: pause.isAborted };
}

/** Throws WowsimError("usage"). */
export function rangeOf({ from = 0, to = Number.MAX_SAFE_INTEGER }: Pick<ReplayOptions, "from" | "to">): Range {
  if (from <= to) return { from, to };
  throw new WowsimError("usage", `--from ${from} is after --to ${to}.`);
}

function nothingKept(
  reader: EpochReader,
  { from, to }: ReplayOptions,
  plans: readonly { zone: number; found: string[] }[],
): WowsimError {
  const kept = plans.flatMap(({ zone }) => {
    const epochs = reader.of(zone);
    const [first, last] = [
      Math.min(...epochs.map((each) => each.firstTick)),
      Math.max(...epochs.map((each) => each.lastTick)),
    ];
    return epochs.length === 0 ? [] : [`zone ${zone} ticks ${first} to ${last}`];
  });
  const range = [from === undefined ? "" : ` from ${from}`, to === undefined ? "" : ` up to ${to}`].join("");
  const problems = plans.flatMap(({ found }) => found);
  const has = kept.length === 0 ? "It has snapshots, and no ticks." : `It has of ${kept.join(", ")}.`;
  return new WowsimError(
    "nothing_recorded",
    [`The journal has no tick${range} that can be run.`, has, ...problems.slice(0, 3)].join(" "),
  );
}
