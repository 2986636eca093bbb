// Journals of a world without a server: a zone's ticks, written as a server writes them.
//
//   await using journal = await newJournal()
//   const zone = journal.zone(1)                       // a Zone with creatures and two players
//   journal.play(1, 200, (tick) => walk(tick))         // 200 ticks, a snapshot every 50
//   journal.close(); await wowsim("replay", "--data-dir", journal.folder)

import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { WORLD_FILE, WorldWriter } from "../../server/store/world-writer.ts";
import type { StoredEvent } from "../../server/store/world-rows.ts";
import { hexOf } from "../../server/shared/journal-records.ts";
import { Zone } from "../../server/zone/zone.ts";
import { OP_JOIN, JOIN_WATCHES } from "../../assembly/abi.ts";
import { commandBytes } from "./zone-commands.ts";
import { spawnBytes, TEST_FUEL, testWorld } from "./zone.ts";

/** Ticks between two snapshots. */
const SNAPSHOT_TICKS = 50;
const TICK_MS = 50;

export interface TestJournal extends Disposable {
  folder: string;
  writer: WorldWriter;
  /** The module's hash in the journal. */
  module: string;
  /** Zone `id`; it begins with the first call: its creatures and two players, who are there from tick 2 on. */
  zone(id: number): Zone;
  /** Runs ticks and writes them. */
  play(id: number, ticks: number, batchOf: (tick: number) => Uint8Array): void;
  /** Begins an epoch with a snapshot of the zone as it is. */
  newEpoch(id: number): void;
  event(event: Partial<StoredEvent> & Pick<StoredEvent, "kind">): number;
  close(): void;
  /** Changes the closed file behind the writer's back. */
  damage(sql: string): void;
}

/** Two zones at most. */
export async function newJournal(folder = mkdtempSync(join(tmpdir(), "wowsim-journal-"))): Promise<TestJournal> {
  const wasm = await Bun.file(await ensureKernel()).bytes();
  const kernel = loadKernel(wasm, "test kernel");
  const { zones, content } = await testWorld();
  let nowMs = 1_000;
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => nowMs });
  writer.begin();
  writer.module({ hash: kernel.hash, label: kernel.label, wasm });
  writer.commit();
  const running = new Map<number, { zone: Zone; epoch: number }>();
  let isOpen = true;

  const write = (action: () => void): void => {
    writer.begin();
    action();
    writer.commit();
    writer.testify();
  };
  const snapshot = (id: number): void => {
    const { zone, epoch } = running.get(id)!;
    const state = Bun.zstdCompressSync(zone.bytes.slice(zone.at.stateBase, zone.at.stateEnd), { level: 1 });
    const { tick } = zone;
    writer.snapshot({ zone: id, epoch, tick, module: kernel.hash, hash: hexOf(zone.hash), ticket: 0, state });
  };
  const step = (id: number, batch: Uint8Array): void => {
    const { zone, epoch } = running.get(id)!;
    zone.step(batch);
    nowMs += TICK_MS;
    const { tick } = zone;
    writer.tick({ zone: id, epoch, tick, module: kernel.hash, hash: hexOf(zone.hash), batch });
    if (tick % SNAPSHOT_TICKS === 0) snapshot(id);
  };

  const journal: TestJournal = {
    folder,
    writer,
    module: kernel.hash,
    zone(id) {
      const known = running.get(id);
      if (known !== undefined) return known.zone;
      const place = zones[id - 1]!;
      const options = { content, kernel, tickRateHz: 20, seed: id, fuelPerTick: TEST_FUEL, now: () => 0 };
      const zone = new Zone({ ...options, zone: { ...place, id } });
      running.set(id, { zone, epoch: 1 });
      write(() => {
        snapshot(id);
        step(id, spawnBytes(zone, place));
        const joins = [1, 2].map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 }));
        step(id, commandBytes(joins));
      });
      return zone;
    },
    play(id, ticks, batchOf) {
      const zone = journal.zone(id);
      write(() => {
        for (let count = 0; count < ticks; count++) step(id, batchOf(zone.tick + 1));
      });
    },
    newEpoch(id) {
      journal.zone(id);
      running.get(id)!.epoch++;
      write(() => snapshot(id));
    },
    event(event) {
      write(() => writer.event({ zone: 1, tick: 0, json: "{}", body: new Uint8Array(0), ...event }));
      return writer.lsn;
    },
    close() {
      if (isOpen) writer.close();
      isOpen = false;
    },
    damage(sql) {
      journal.close();
      const database = new Database(join(folder, WORLD_FILE));
      database.run(sql);
      database.close();
    },
    [Symbol.dispose]() {
      journal.close();
      rmSync(folder, { recursive: true });
    },
  };
  return journal;
}
