// Writes a journal of some zones, and remembers all that was written: what a reader may say of it afterwards.
//
//   const truth = writeJournal(folder, { seed: 3, commits: 200 })
//   truth.ticks.get("1/3/4711")     // { hash: "...", batch: "<base64>" }: zone 1, epoch 3, tick 4711
//   truth.close()
//
// Zones roll back and lose ticks now and then, which begins an epoch. Sessions and characters come, change and go. Until
// close() the folder is what a killed process leaves: a part of the rows is only in the write-ahead log.

import { seededRandom } from "../protocol/seeded-random.ts";
import type { Head } from "../store/witness.ts";
import { WorldWriter } from "../store/world-writer.ts";

export interface WrittenTick {
  hash: string;
  batch: string;
}

/** What was committed and witnessed. Keys are zone/epoch/tick, kind/key, and lsn. */
export interface JournalTruth {
  ticks: Map<string, WrittenTick>;
  snapshots: Map<string, string>;
  facts: Map<string, string>;
  /** In the order in which they were written. */
  events: string[];
  heads: Map<number, Head>;
  /** Where the epochs of a zone began. */
  begins: Map<number, Map<number, number>>;
  lsn: number;
  close(): void;
}

export interface JournalPlan {
  seed: number;
  zones?: number;
  /** Each is one tick of every zone. */
  commits: number;
  clock?: () => number;
  /** Called before the transaction of each commit. */
  onCommit?: (writer: WorldWriter, commit: number) => void;
}

const SNAPSHOT_EVERY = 40;
const REWRITE_CHANCE = 0.01;
const BATCH_BYTES_MAX = 600;
const STATE_BYTES = 20_000;
const NAMES = 40;
/** Random bytes from which all others are taken: to draw each anew would take most of the time. */
const POOL_BYTES = 100_000;

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

export function writeJournal(folder: string, plan: JournalPlan): JournalTruth {
  const { seed, zones = 3, commits, clock = () => 1_000_000, onCommit } = plan;
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pool = Uint8Array.from({ length: POOL_BYTES }, () => below(256));
  const bytes = (count: number): Uint8Array => {
    const from = below(POOL_BYTES - count);
    return pool.slice(from, from + count);
  };
  const hash = (): string => Buffer.from(bytes(8)).toString("hex");
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock });
  const truth: JournalTruth = {
    ticks: new Map(),
    snapshots: new Map(),
    facts: new Map(),
    events: [],
    heads: new Map(),
    begins: new Map(),
    lsn: 0,
    close: () => writer.close(),
  };
  const module = "aa";

  /** Compressed by then: snapshots are often committed after the ticks that follow them. */
  const late: (() => void)[] = [];
  const snapshot = (zone: number, epoch: number, tick: number): void => {
    const state = Bun.zstdCompressSync(bytes(STATE_BYTES), { level: 1 });
    truth.snapshots.set(`${zone}/${epoch}/${tick}`, base64(state));
    writer.snapshot({ zone, epoch, tick, module, hash: hash(), ticket: below(1_000), state });
  };
  const beginEpoch = (zone: number, tick: number): Head => {
    const head = { epoch: (truth.heads.get(zone)?.epoch ?? 0) + 1, begin: tick, tick };
    snapshot(zone, head.epoch, tick);
    truth.begins.set(zone, (truth.begins.get(zone) ?? new Map<number, number>()).set(head.epoch, tick));
    truth.heads.set(zone, head);
    return head;
  };
  const step = (zone: number): void => {
    let head = truth.heads.get(zone) ?? beginEpoch(zone, 0);
    // Back a little, or on after a gap.
    if (random() < REWRITE_CHANCE) head = beginEpoch(zone, Math.max(head.begin, head.tick + below(16) - 12));
    const tick = head.tick + 1;
    const written = { hash: hash(), batch: bytes(below(BATCH_BYTES_MAX)) };
    truth.ticks.set(`${zone}/${head.epoch}/${tick}`, { hash: written.hash, batch: base64(written.batch) });
    writer.tick({ zone, epoch: head.epoch, tick, module, ...written });
    truth.heads.set(zone, { ...head, tick });
    if (tick % SNAPSHOT_EVERY !== 0) return;
    const take = (): void => snapshot(zone, head.epoch, tick);
    if (random() < 0.5) take();
    else late.push(take);
  };
  const changeFacts = (): void => {
    const [kind, key] = [random() < 0.5 ? "session" : "character", String(below(NAMES))] as const;
    if (random() < 0.2) {
      truth.facts.delete(`${kind}/${key}`);
      writer.drop(kind, key);
      return;
    }
    const json = JSON.stringify({ gold: below(1_000), name: `Player ${key}`, at: hash() });
    truth.facts.set(`${kind}/${key}`, json);
    writer.put(kind, key, json);
  };

  for (let commit = 0; commit < commits; commit++) {
    onCommit?.(writer, commit);
    writer.begin();
    if (commit === 0) writer.module({ hash: module, label: "own", wasm: bytes(30_000) });
    const due = late.splice(0);
    for (let zone = 1; zone <= zones; zone++) step(zone);
    for (const take of due) take();
    if (random() < 0.3) changeFacts();
    if (random() < 0.05) {
      const json = JSON.stringify({ number: truth.events.length });
      truth.events.push(json);
      writer.event({ kind: "fault", zone: 1, tick: 1, json, body: bytes(below(3_000)) });
    }
    writer.commit();
    writer.testify();
    truth.lsn = writer.lsn;
  }
  return truth;
}
