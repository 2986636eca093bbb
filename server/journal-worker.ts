// The journal thread. It owns world.sqlite: it writes what the rings hold (journal/journal-keeper.ts) and reads what an earlier
// server left behind. It is a thread of its own because a commit to a slow disk blocks it, and the telemetry that says so must
// still be written.

import { findWorld, findZone } from "./journal/found-world.ts";
import { JournalKeeper } from "./journal/journal-keeper.ts";
import { OpenedFiles } from "./journal/opened-files.ts";
import { TouchedRings } from "./journal/touched-rings.ts";
import { messageOf, WowsimError } from "./protocol/errors.ts";
import type { FromJournal, JournalStart, ToJournal } from "./shared/journal-messages.ts";
import { FullCollection } from "./shared/full-collection.ts";
import { DiskTrouble } from "./shared/disk-trouble.ts";
import { JournalFigures } from "./shared/journal-figures.ts";
import { Wake } from "./shared/wake.ts";
import { Ballast } from "./store/ballast.ts";
import { budgetOf } from "./store/journal-budget.ts";
import { refusal, reopened } from "./store/read-only.ts";
import { rescueWorld } from "./store/rescue.ts";
import { Retention } from "./store/retention.ts";
import { unreadable, WorldReader } from "./store/world-reader.ts";
import { WITNESS_FILE, WORLD_FILE, WorldWriter } from "./store/world-writer.ts";
import type { WorldWriterOptions } from "./store/world-writer.ts";

declare const self: Worker;

/** How long the thread sleeps when nobody rings the bell. */
const SLEEP_MS = 25;
/** How long a stop waits for a disk that refuses writes. */
const STOP_MS_MAX = 700;
const MEASURE_MS = 250;
/** After so many bursts without a pause, retention has as much time as the newest one took. */
const BURSTS_MAX = 4;
/** A journal over its limit grows no further: before each next burst, retention has this long to make room. */
const MAKE_ROOM_MS = 200;
/** Between the main thread's collection and that of the first zone worker. */
const COLLECTION_DELAY_MS = 1_500;

/** A server that has just started has better things to do. */
const TOUCH_DELAY_MS = 2_000;
const BALLAST_DELAY_MS = 60_000;
const MS_PER_HOUR = 3_600_000;
const BYTES_PER_MB = 2 ** 20;

const now = (): number => performance.now();
const say = (message: FromJournal): void => self.postMessage(message);

class JournalThread {
  readonly #start: JournalStart;
  #writer: WorldWriter;
  #reader: WorldReader;
  readonly #keeper: JournalKeeper;
  readonly #bell: Wake;
  readonly #retention: Retention;
  readonly #ballast: Ballast;
  /** A server that has just started has better things to write. */
  readonly #ballastDueMs = now() + BALLAST_DELAY_MS;
  readonly #folder: OpenedFiles;
  readonly #figures: JournalFigures;
  readonly #trouble: DiskTrouble;
  readonly #touched = new TouchedRings();
  readonly #touchDueMs = now() + TOUCH_DELAY_MS;
  #isFull = false;
  #isStopping = false;
  #measureAtMs = 0;
  /** How many in a row. */
  #bursts = 0;
  #cpuMs = 0;

  constructor(start: JournalStart) {
    this.#start = start;
    this.#bell = new Wake(start.bell);
    const { writer, problems } = opened(start);
    this.#writer = writer;
    this.#reader = new WorldReader(this.#writer.database, start.folder);
    const { hours, megabytes } = start.retention;
    const { bytesMax, ballastBytes } = budgetOf(megabytes * BYTES_PER_MB);
    this.#retention = new Retention({ ageMs: hours * MS_PER_HOUR, bytesMax, clock: Date.now });
    this.#ballast = new Ballast(start.folder, ballastBytes);
    this.#folder = new OpenedFiles(start.folder, [WORLD_FILE, WITNESS_FILE]);
    this.#trouble = new DiskTrouble(start.trouble);
    this.#figures = new JournalFigures(start.figures);
    const failing = refusal(this.#writer, start.folder);
    this.#keeper = new JournalKeeper({
      writer: this.#writer,
      failing,
      producers: start.producers,
      now,
      onState: (state) => say({ type: "state", failing: state }),
      onBadRecord: (why) => say({ type: "trouble", why: `A record is left out of the journal: ${why}` }),
      onCommit: (ms) => this.#figures.committed(ms),
      onFailure: () => this.#figures.failed(),
      beforeBurst: () => {
        this.#folder.check();
        this.#reopen();
        this.#suffer();
      },
      beforeCommit: () => this.#trouble.stall(),
    });
    for (const { ring } of start.producers) this.#touched.add(ring);
    const found = findWorld(this.#reader);
    say({ type: "ready", found: { ...found, problems: [...problems, ...found.problems] }, failing });
  }

  async run(): Promise<void> {
    const collection = new FullCollection({ delayMs: COLLECTION_DELAY_MS });
    while (!this.#isStopping) {
      if (!this.#write() && !this.#tidy() && !this.#touch()) {
        // A record that comes meanwhile waits until the collection is done, once a minute.
        collection.runWithin(SLEEP_MS);
        this.#bell.sleep(SLEEP_MS);
      }
      this.#measure();
      await turn();
    }
    const untilMs = now() + STOP_MS_MAX;
    while (this.#keeper.turn(true) || (this.#keeper.failing !== null && now() < untilMs)) {
      if (this.#keeper.failing !== null) this.#bell.sleep(SLEEP_MS);
      await turn();
    }
    this.#writer.close();
    say({ type: "stopped" });
  }

  /** One burst; true when there was one. Who writes without a pause would otherwise keep retention from its work. */
  #write(): boolean {
    const startMs = now();
    const hasWritten = this.#keeper.turn();
    this.#bursts = hasWritten ? this.#bursts + 1 : 0;
    const endMs = now();
    if (hasWritten && this.#isTooLarge()) {
      while (this.#tidy() && now() < endMs + MAKE_ROOM_MS);
    } else if (this.#bursts >= BURSTS_MAX) {
      while (this.#tidy() && now() < 2 * endMs - startMs);
    }
    return hasWritten;
  }

  #isTooLarge(): boolean {
    try {
      return this.#retention.hurry(this.#writer.database);
    } catch {
      return false;
    }
  }

  #touch(): boolean {
    return now() > this.#touchDueMs && this.#touched.touchSome();
  }

  /** Says from time to time how much processor time the thread has used. */
  #measure(): void {
    if (now() < this.#measureAtMs) return;
    this.#measureAtMs = now() + MEASURE_MS;
    const { user, system } = process.threadCpuUsage();
    const cpuMs = (user + system) / 1_000;
    this.#figures.used(cpuMs - this.#cpuMs);
    this.#cpuMs = cpuMs;
  }

  /** Between two bursts: deletes what is not needed any more. True when there is more of that to do. */
  #tidy(): boolean {
    try {
      if (this.#keeper.failing !== null) return this.#ballast.release() && this.#retention.step(this.#writer);
      return this.#retention.step(this.#writer) || (now() > this.#ballastDueMs && this.#ballast.fill());
    } catch {
      // The disk takes no changes now. The next burst says so, and is tried again.
      return false;
    }
  }

  /** A file that could only be opened for reading is opened anew once it can be written. Throws why it can not be. */
  #reopen(): void {
    if (!this.#writer.isReadOnly) return;
    const { folder } = this.#start;
    this.#writer = reopened(this.#writer, folder, optionsOf(this.#start));
    const why = refusal(this.#writer, folder);
    if (why !== null) throw new WowsimError("journal_read_only", why);
    this.#keeper.writer = this.#writer;
    this.#reader = new WorldReader(this.#writer.database, folder);
  }

  /** A fault may have filled the disk, or have ended. */
  #suffer(): void {
    const { isFull } = this.#trouble;
    if (isFull === this.#isFull) return;
    this.#writer.limitPages(isFull ? 1 : 0);
    this.#isFull = isFull;
  }

  receive(message: Exclude<ToJournal, JournalStart>): void {
    if (message.type === "stop") this.#isStopping = true;
    else {
      const { producer, ring, wake, request, zones } = message;
      this.#touched.add(ring);
      this.#keeper.turn(true);
      say({ type: "histories", request, zones: zones.map((zone) => findZone(this.#reader, zone)) });
      const bytes = this.#keeper.replace(producer, { ring, wake });
      if (bytes === 0) return;
      const why = `${bytes} bytes of a lost worker's zones ${zones.join(", ")} are not in the journal: ${this.#keeper.failing}`;
      say({ type: "trouble", why });
    }
  }
}

/** The journal to write to, and what was damaged in the one that was found. */
function opened(start: JournalStart): { writer: WorldWriter; problems: string[] } {
  const { folder } = start;
  try {
    const rescue = rescueWorld(folder, new Date().toISOString().replaceAll(/[:.]/g, "-"));
    const writer = WorldWriter.open(folder, optionsOf(start));
    const kept = rescue === null ? [] : [...rescue.problems, `The damaged journal is kept as ${rescue.kept}.`];
    return { writer, problems: kept };
  } catch (cause) {
    throw cause instanceof WowsimError ? cause : unreadable(`${folder}/${WORLD_FILE}`, cause);
  }
}

function optionsOf({ isSynced }: JournalStart): WorldWriterOptions {
  return { synchronous: isSynced ? "FULL" : "NORMAL", clock: Date.now };
}

/** Lets the event loop run once, so that it receives the messages that have arrived. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

let thread: JournalThread | null = null;

self.addEventListener("message", ({ data }: MessageEvent<ToJournal>) => {
  if (data.type !== "start") return thread?.receive(data);
  try {
    thread = new JournalThread(data);
    void thread.run();
  } catch (error) {
    say({
      type: "failed",
      code: error instanceof WowsimError ? error.code : "journal_unreadable",
      message: messageOf(error),
    });
  }
});
