// A zone that takes a bad module and is undone from its journal, since its memory does not have the history: the real journal in a folder,
// and what the undo's worker does, in this thread.
//
//   using kept = await KeptPlay.start()
//   kept.play.give(...); kept.tick(40); kept.swap(bad); kept.tick(100); kept.play.rollBack(); kept.tick(1)
//   const report = await kept.undo()

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { JournalKeeper } from "../../server/journal/journal-keeper.ts";
import type { Portal } from "../../server/protocol/content/content.ts";
import type { UndoReport } from "../../server/protocol/undo.ts";
import { Ring } from "../../server/shared/ring.ts";
import type { FoundUndo, FromUndoWorker, ToUndoWorker } from "../../server/shared/undo-messages.ts";
import { Wake } from "../../server/shared/wake.ts";
import { WorldWriter } from "../../server/store/world-writer.ts";
import { UndoJob } from "../../server/undo/undo-job.ts";
import { RingWriter } from "../../server/zone/ring-writer.ts";
import { UndoPlay } from "./undo.ts";
import type { RunnerBenchOptions } from "./zone-runner.ts";
import { testKernel } from "./zone.ts";

/** Ticks for which the zone's memory has what an undo takes. */
const TICKS_KEPT = 20;

export class KeptPlay implements Disposable {
  readonly play: UndoPlay;
  readonly folder: string;
  readonly world: WorldWriter;
  readonly #keeper: JournalKeeper;
  readonly #answers: FromUndoWorker[] = [];
  readonly #portals: readonly Portal[];
  #job: UndoJob | null = null;

  static async start(options: RunnerBenchOptions = {}): Promise<KeptPlay> {
    const folder = mkdtempSync(join(tmpdir(), "wowsim-undo-"));
    const world = WorldWriter.open(folder, { synchronous: "NORMAL", clock: Date.now });
    const [ring, wake] = [Ring.allocate(1 << 24), Wake.allocate()];
    const keeper = new JournalKeeper({
      writer: world,
      producers: [{ ring, wake }],
      now: () => performance.now(),
      onState: () => undefined,
      onBadRecord: (why) => {
        throw new Error(why);
      },
    });
    const kernel = options.kernel ?? (await testKernel());
    const writer = new RingWriter(new Ring(ring), new Wake(wake), true);
    const undoBounds = { ticksMax: TICKS_KEPT, bytesMax: 1 << 20 };
    const play = await UndoPlay.start({ undoBounds, ...options, kernel, writer });
    const kept = new KeptPlay(play, folder, world, keeper, options.zone?.portals ?? []);
    const wasm = await Bun.file(await ensureKernel()).bytes();
    kept.#write(() => world.module({ hash: kernel.hash, label: kernel.label, wasm }));
    return kept;
  }

  private constructor(
    play: UndoPlay,
    folder: string,
    world: WorldWriter,
    keeper: JournalKeeper,
    portals: readonly Portal[],
  ) {
    this.#portals = portals;
    [this.play, this.folder, this.world, this.#keeper] = [play, folder, world, keeper];
  }

  tick(count = 1): void {
    for (let done = 0; done < count; done++) {
      this.play.tick();
      this.#keeper.turn(true);
    }
  }

  /** As a deploy does: the journal has the module, and that it was swapped in. */
  swap(kernel: Kernel, wasm: Uint8Array): void {
    this.play.swap(kernel);
    this.#write(() => {
      this.world.module({ hash: kernel.hash, label: kernel.label, wasm });
      const json = JSON.stringify({ message: "Module swapped", to_hash: kernel.hash });
      this.world.event({
        kind: "deploy",
        zone: this.play.zone.id,
        tick: this.play.zone.tick,
        json,
        body: new Uint8Array(0),
      });
    });
  }

  /** What the journal says that can be undone. */
  async find(module: string | null = null): Promise<FoundUndo> {
    const { zone, bench } = this.play;
    const job = new UndoJob({
      say: (told) => void this.#answers.push(structuredClone(told)),
      now: () => performance.now(),
      cpuMs: () => 0,
    });
    this.#job = job;
    const journal = {
      dataDir: this.folder,
      tickRateHz: 1_000 / bench.runner.clock.intervalMs,
      portals: new Map([[zone.id, this.#portals]]),
    };
    const { found } = await this.#ask({ type: "find", journal, zones: [zone.id], module }, "found");
    return found[0]!;
  }

  /** Finds, reads, and undoes; `between`: ticks of the zone while the journal is read. */
  async undo({ isDry = false, between = 3 } = {}): Promise<UndoReport> {
    const { look } = await this.find();
    if (look.open === null) throw new Error(look.why);
    await this.#ask({ type: "run", zoneId: this.play.zone.id }, "near");
    const { undo } = this.play.bench.runner;
    const tick = undo.keep();
    this.tick(between);
    const { history } = await this.#ask({ type: "until", tick }, "history");
    undo.start({ isDry, reason: "for the test", history });
    const report = this.play.finish(2);
    this.#keeper.turn(true);
    return report;
  }

  [Symbol.dispose](): void {
    this.world.close();
    rmSync(this.folder, { recursive: true });
  }

  async #ask<Type extends FromUndoWorker["type"]>(
    message: ToUndoWorker,
    type: Type,
  ): Promise<Extract<FromUndoWorker, { type: Type }>> {
    this.#job?.receive(message);
    for (;;) {
      const answer = this.#answers.shift();
      if (answer?.type === "failed") throw new Error(answer.message);
      if (answer?.type === type) return answer as Extract<FromUndoWorker, { type: Type }>;
      await Bun.sleep(1);
    }
  }

  #write(action: () => void): void {
    this.#keeper.turn(true);
    this.world.begin();
    action();
    this.world.commit();
    this.world.testify();
  }
}
