// Reads every row of a journal: wowsim store verify. It says what is damaged or missing, and what a start would lose by it.
//
//   await verifyStore(".wowsim", (share, text) => bar.update(share, text))
//   // { isGood: false, zones: [{ zone: 1, tick: 4711, lostTicks: 12 }], problems: ["Ticks 4712 to 4723 of ..."], ... }
//
// It reads one moment of the journal, also while a server writes.

import type { Database } from "bun:sqlite";
import { messageOf } from "../protocol/errors.ts";
import { PROBLEMS_MAX } from "../protocol/store-tools.ts";
import type { OnProgress, StoreVerdict, ZoneVerdict } from "../protocol/store-tools.ts";
import { unpack } from "./packing.ts";
import { attempt } from "./scan.ts";
import type { RawRow } from "./scan.ts";
import { openJournal } from "./store-status.ts";
import { TickRuns } from "./tick-runs.ts";
import type { WorldReader } from "./world-reader.ts";
import { FACT_KINDS } from "./world-rows.ts";
import { readTally } from "./world-tally.ts";
import { readSnapshot, tickOf } from "./world-timeline.ts";

/** Rows between two reports of progress, at which other work gets its turn. */
const ROWS_A_TURN = 2_000;
/** Sentences of SQLite's own check. */
const CHECK_SENTENCES = 20;

/** Throws WowsimError when the journal can not be opened at all. */
export async function verifyStore(dataDir: string, onProgress: OnProgress): Promise<StoreVerdict> {
  const reader = openJournal(dataDir);
  try {
    return await new Verification(reader, onProgress).run();
  } finally {
    reader.close();
  }
}

class Verification {
  readonly #reader: WorldReader;
  readonly #database: Database;
  readonly #onProgress: OnProgress;
  readonly #problems: string[];
  readonly #runs = new TickRuns();
  #rows = 0;
  #bytes = 0;

  constructor(reader: WorldReader, onProgress: OnProgress) {
    this.#reader = reader;
    this.#database = reader.source.database;
    this.#onProgress = onProgress;
    this.#problems = reader.problems();
  }

  async run(): Promise<StoreVerdict> {
    await this.#readTicks();
    this.#onProgress(0.7, "snapshots, events, facts, modules");
    const zones = this.#reader.zones(this.#problems).map((zone) => this.#zone(zone));
    this.#readRest();
    this.#onProgress(0.9, "the structure of the file");
    await Bun.sleep(0);
    this.#checkStructure();
    const problems = [...new Set(this.#problems)];
    return {
      isGood: problems.length === 0,
      rows: this.#rows,
      bytes: this.#bytes,
      zones,
      problems: problems.slice(0, PROBLEMS_MAX),
      moreProblems: Math.max(0, problems.length - PROBLEMS_MAX),
    };
  }

  /** Every tick, from the beginning of the table; what can not be read, from its end. */
  async #readTicks(): Promise<void> {
    const newest = Math.max(1, this.#reader.lsn ?? 1);
    const last = await this.#walkTicks("ASC", 0, newest);
    if (last !== null) await this.#walkTicks("DESC", last, newest);
    const tally = attempt(this.#problems, "The tally", () => readTally(this.#database));
    if (tally === null) return;
    const sql = "SELECT count(*) AS rows FROM record NOT INDEXED WHERE lsn <= ?";
    const rows = attempt(
      this.#problems,
      "The table record",
      () => this.#database.query<{ rows: number }, [number]>(sql).get(tally.lsn)?.rows ?? 0,
    );
    if (rows !== null && rows !== tally.record)
      this.#problems.push(
        `The table record has ${rows} rows up to change ${tally.lsn}, and should have ${tally.record}.`,
      );
  }

  /** Null when it got to the end; else the last lsn before the damage. */
  async #walkTicks(order: "ASC" | "DESC", after: number, newest: number): Promise<number | null> {
    let last = after;
    try {
      const sql = `SELECT * FROM record NOT INDEXED WHERE lsn > ? ORDER BY lsn ${order}`;
      for (const row of this.#database.query<RawRow, [number]>(sql).iterate(after)) {
        const tick = tickOf(this.#reader.world, row);
        if (tick === null) this.#problems.push(`The tick in row ${String(row["lsn"])} is damaged.`);
        else this.#runs.add(tick);
        this.#count(row["body"]);
        last = Number(row["lsn"]);
        if (this.#rows % ROWS_A_TURN !== 0) continue;
        this.#onProgress((0.7 * Math.min(last, newest)) / newest, `${this.#rows} ticks`);
        await Bun.sleep(0);
      }
      return null;
    } catch (error) {
      if (order === "ASC") this.#problems.push(`A part of the table record can not be read: ${messageOf(error)}.`);
      return last;
    }
  }

  /** Its snapshots, whether its ticks have no gap, and what a start would make of it. */
  #zone(zone: number): ZoneVerdict {
    const places = this.#reader.snapshots(zone, this.#problems);
    const firstOf = new Map<number, number>();
    for (const place of places) {
      firstOf.set(place.epoch, Math.min(place.tick, firstOf.get(place.epoch) ?? place.tick));
      const snapshot = readSnapshot(this.#reader.source, place, this.#problems);
      this.#count(snapshot?.state);
      if (snapshot !== null)
        attempt(this.#problems, `The state of zone ${zone} at tick ${place.tick}`, () => unpack(1, snapshot.state));
    }
    for (const [epoch, from, to] of this.#runs.gaps(zone, firstOf)) {
      const ticks = from === to ? `Tick ${from}` : `Ticks ${from} to ${to}`;
      this.#problems.push(`${ticks} of zone ${zone}, epoch ${epoch}: damaged or missing.`);
    }
    const history = this.#reader.history(zone);
    this.#problems.push(...history.problems);
    const tick = history.snapshot === null ? null : (history.ticks.at(-1)?.tick ?? history.snapshot.tick);
    return { zone, ticks: this.#runs.count(zone), snapshots: places.length, tick, lostTicks: history.lostTicks };
  }

  #readRest(): void {
    for (const { body } of this.#reader.events(0, this.#problems)) this.#count(body);
    for (const kind of FACT_KINDS) this.#rows += this.#reader.facts(kind, this.#problems).length;
    for (const { hash } of this.#reader.modules(this.#problems)) {
      const module = this.#reader.module(hash, this.#problems);
      if (module === null) this.#problems.push(`The module ${hash} is damaged or missing.`);
      this.#count(module?.wasm);
    }
  }

  #checkStructure(): void {
    const sql = `PRAGMA integrity_check(${CHECK_SENTENCES})`;
    const rows = attempt(this.#problems, "The structure of the file", () =>
      this.#database.query<{ integrity_check: string }, []>(sql).all(),
    );
    for (const { integrity_check: sentence } of rows ?? [])
      if (sentence !== "ok") this.#problems.push(`SQLite: ${sentence}.`);
  }

  #count(body: unknown): void {
    this.#rows++;
    if (body instanceof Uint8Array) this.#bytes += body.length;
  }
}
