// Runs one zone's history again and compares the hash of each tick.
//
//   const run = new ZoneReplayRun({ epochs, modules, ... }, 1)
//   await run.play(stretches)
//   run.result          // { zone: 1, ticks: 1200, verified: 1200, lost: 0, firstDifference: null, ... }
//
// After a tick that is missing, damaged or different, it goes on from the next good snapshot, and counts the ticks between.

import { messageOf } from "../protocol/errors.ts";
import type { EntityValue, ReplayObserver, ZoneReplay } from "../protocol/replay.ts";
import type { EpochReader } from "../store/world-epochs.ts";
import type { SnapshotPlace } from "../store/world-reader.ts";
import type { StoredTick } from "../store/world-rows.ts";
import type { Condition } from "./expression.ts";
import { eventsOf } from "../lockstep/kernel-events.ts";
import type { Lane } from "../lockstep/lane.ts";
import type { Follower } from "../lockstep/follower.ts";
import type { RecordedModules } from "./modules.ts";
import type { JournalNames } from "./names.ts";
import type { Pause } from "./pause.ts";
import { LaneScene } from "./scene.ts";
import { snapshotLane } from "./snapshot-lane.ts";
import type { Stretch } from "./timeline.ts";

export interface ReplayContext {
  epochs: EpochReader;
  modules: RecordedModules;
  names: JournalNames;
  observer: ReplayObserver;
  pause: Pause;
  /** The first tick to report about; earlier ones only lead there. */
  from: number;
  watch: number | null;
  wantsEvents: boolean;
  until: Condition | null;
  follower: Follower | null;
}

/** Ticks that are read at once. */
const READ_TICKS = 1_000;

export class ZoneReplayRun {
  readonly #context: ReplayContext;
  readonly result: ZoneReplay;
  #watched: Record<string, EntityValue> | null = null;

  constructor(context: ReplayContext, zone: number) {
    this.#context = context;
    this.result = {
      zone,
      epochs: 0,
      fromTick: 0,
      toTick: 0,
      ticks: 0,
      verified: 0,
      lost: 0,
      seconds: 0,
      firstDifference: null,
      stoppedAt: null,
      problems: [],
      comparison: null,
    };
  }

  get #isOver(): boolean {
    const { pause, follower } = this.#context;
    return this.result.stoppedAt !== null || pause.isAborted || follower?.isDone === true;
  }

  async play(stretches: readonly Stretch[]): Promise<void> {
    const start = performance.now();
    for (const stretch of stretches) {
      if (this.#isOver) break;
      await this.#playEpoch(stretch);
    }
    this.result.seconds = (performance.now() - start) / 1_000;
  }

  async #playEpoch(stretch: Stretch): Promise<void> {
    const { snapshots, start, lastTick } = stretch;
    this.result.epochs++;
    // From the newest snapshot before the wanted ticks, or an older one if that is damaged; else from a later one.
    const places = [...snapshots.slice(0, start + 1).toReversed(), ...snapshots.slice(start + 1)];
    let done = snapshots[start]?.tick ?? 0;
    let isFirst = true;
    for (const place of places) {
      const isOlder = place.tick <= done;
      if (done >= lastTick || this.#isOver) return;
      if (!isFirst && isOlder) continue;
      const lane = this.#laneAt(place);
      if (lane === null) continue;
      if (place.tick > done) this.#lose(stretch, done, place.tick);
      if (isFirst) this.#tellEpoch(stretch, place, lane);
      isFirst = false;
      done = await this.#playFrom(stretch, place, lane);
    }
    if (done < lastTick && !this.#isOver) this.#lose(stretch, done, lastTick);
  }

  #tellEpoch({ zone, epoch, reasons }: Stretch, { tick }: SnapshotPlace, lane: Lane): void {
    if (this.result.ticks === 0) this.result.fromTick = tick + 1;
    const { hash: module, label } = lane.kernel;
    this.#context.observer.onEpoch?.({ zone, epoch, tick, module, label, reasons });
  }

  #lose({ zone, epoch }: Stretch, done: number, until: number): void {
    const lost = until - done;
    this.result.lost += lost;
    this.result.problems.push(
      `${lost} ticks of zone ${zone}, epoch ${epoch}, could not be run: ${done + 1} to ${until}.`,
    );
  }

  /** A lane with a snapshot's state; null when it can not be used, and then `problems` says why. */
  #laneAt(place: SnapshotPlace): Lane | null {
    const { epochs, modules, follower } = this.#context;
    const { problems } = this.result;
    const snapshot = epochs.snapshotAt(place, problems);
    if (snapshot === null) return null;
    try {
      const kernel = modules.get(snapshot.module);
      return snapshotLane(snapshot, kernel, modules.memoryFor(kernel));
    } catch (error) {
      const what = `The snapshot of zone ${snapshot.zone} at tick ${snapshot.tick} can not be used`;
      problems.push(`${what}: ${messageOf(error).replace(/\.$/, "")}.`);
    }
    follower?.leaves();
    return null;
  }

  /** Runs ticks until the epoch ends, or one is missing, damaged or different. Returns the last tick that was run well. */
  async #playFrom({ zone, lastTick }: Stretch, place: SnapshotPlace, lane: Lane): Promise<number> {
    const { epochs, names, pause, observer, follower } = this.#context;
    const { problems } = this.result;
    const scene = new LaneScene(lane);
    names.looksAt(scene);
    this.#watched = this.#valuesIn(scene);
    let done = place.tick;
    while (done < lastTick) {
      const wanted = Math.min(READ_TICKS, lastTick - done);
      const ticks = epochs.ticks(place, done, done + wanted, problems);
      for (const tick of ticks) {
        if (!this.#run(tick, lane, scene)) {
          follower?.leaves();
          return done;
        }
        done = tick.tick;
        if (this.result.stoppedAt !== null || follower?.isDone === true) break;
        if (!pause.isDue) continue;
        observer.onProgress?.(pause.share, zone, done);
        await pause.take();
        if (pause.isAborted) break;
      }
      if (ticks.length < wanted || this.#isOver) break;
    }
    follower?.ends();
    return done;
  }

  /** Runs a tick, and tells of it; false when it does not give the recorded state. */
  #run(recorded: StoredTick, lane: Lane, scene: LaneScene): boolean {
    const { from, follower, pause } = this.#context;
    const { result } = this;
    const { zone, epoch, tick } = recorded;
    const isReported = tick >= from;
    if (isReported) follower?.follows(lane);
    try {
      lane.step(recorded.batch);
    } catch (error) {
      result.problems.push(`Tick ${tick} of zone ${zone} traps in the replay: ${messageOf(error)}.`);
      return false;
    }
    result.ticks++;
    result.toTick = tick;
    pause.ticks++;
    if (lane.hash !== recorded.hash) {
      result.firstDifference ??= { epoch, tick, recorded: recorded.hash, replayed: lane.hash };
      result.problems.push(
        `Tick ${tick} of zone ${zone} gives another state: hash ${lane.hash}, and the journal has ${recorded.hash}.`,
      );
      return false;
    }
    result.verified++;
    if (!isReported) {
      if (this.#context.watch !== null) this.#watched = this.#valuesIn(scene);
      return true;
    }
    follower?.step(recorded.batch);
    this.#tell(recorded, lane, scene);
    return true;
  }

  #tell({ zone, tick }: StoredTick, lane: Lane, scene: LaneScene): void {
    const { observer, wantsEvents, until } = this.#context;
    if (wantsEvents) {
      const events = eventsOf(lane);
      if (events.length > 0) observer.onEvents?.(zone, tick, events);
    }
    this.#tellChanges(zone, tick, lane, scene);
    if (until === null || !until(scene)) return;
    this.result.stoppedAt = tick;
    observer.onStop?.(zone, tick);
  }

  #tellChanges(zone: number, tick: number, lane: Lane, scene: LaneScene): void {
    const { watch, observer } = this.#context;
    if (watch === null) return;
    const [before, now] = [this.#watched, this.#valuesIn(scene)];
    const events = eventsOf(lane, watch);
    const names = Object.keys(now ?? before ?? {});
    const values = names
      .map((name) => ({ name, was: before?.[name] ?? null, is: now?.[name] ?? null }))
      .filter(({ was, is }) => was !== is);
    this.#watched = now;
    if (values.length > 0 || events.length > 0) observer.onChange?.({ zone, tick, entity: watch, values, events });
  }

  #valuesIn(scene: LaneScene): Record<string, EntityValue> | null {
    const { watch } = this.#context;
    return watch === null ? null : scene.valuesOf(watch);
  }
}
