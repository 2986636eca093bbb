// The deploy history: what was deployed, by whom, and how it ended. It is a file of JSON lines in the data directory
// and outlives the server, so the next start can say which promoted module is lost, and operators can read the history.
//
//   {"v":1,"timestamp":"2026-01-01T00:00:00.000Z","event":"promoted","zone_id":2,"from_hash":"7e6a…","to_hash":"9f3c…",
//    "label":"hotfix.wasm","reason":"canary passed","by":"anna@desk"}
//
//   const log = await DeployLog.open({ file: ".wowsim/deploys.jsonl", kernel, ... })
//   log.lost                // promoted modules that ran when the previous server ended, and do not run now
//   log.note(event)         // returns at once; the write happens in the background
//
// A file that is missing, damaged or from a later version is read as far as possible. Callers never wait: entries are
// kept in memory and written to the disk one after the other.

import { open } from "node:fs/promises";
import { z } from "zod";
import { ValidationNote } from "../../protocol/deploy-validation.ts";
import { messageOf } from "../../protocol/errors.ts";
import { numbered, RotatingFile } from "../../store/rotating-file.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { DeployEvent, DeployNotes } from "./deploy.ts";
import { Judgements } from "./judgements.ts";

const Entry = z.object({
  v: z.literal(1),
  timestamp: z.string(),
  event: z.enum([
    "server_started",
    "swapped",
    "promoted",
    "rolled_back",
    "refused",
    "undone",
    "not_undone",
    "validated",
  ]),
  /** 0 means the whole server. */
  zone_id: z.number().int(),
  from_hash: z.string(),
  to_hash: z.string(),
  label: z.string(),
  reason: z.string(),
  by: z.string(),
  /** What an undo changed, and for whom. */
  changes: z.array(z.string()).optional(),
  /** What a validation found. */
  validation: ValidationNote.optional(),
});

export type DeployEntry = z.infer<typeof Entry>;

/** A promoted module that was not rolled back, but that the restarted server does not run. */
export interface LostPromotion {
  hash: string;
  label: string;
  promoted_at: string;
  by: string;
  zones: number[];
}

export interface DeployLogOptions {
  file: string;
  /** The kernel that the zones start with, except those of which `runs` says another hash. */
  kernel: { readonly hash: string; readonly label: string };
  runs?: (zoneId: number) => string;
  emitter: Emitter;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Milliseconds, monotonic. */
  now: () => number;
}

/** Entries kept in memory; enough for a year of a careful operator. */
export const ENTRIES_MAX = 500;
const FILE_BYTES_MAX = 1 << 20;
const FILES_MAX = 2;
/** The most entries that wait for a disk that does not accept writes. */
const WAITING_MAX = 1_000;
const TEXT_LENGTH_MAX = 500;
const CLOSE_MS_MAX = 500;

export class DeployLog implements DeployNotes {
  /** Number of lines in the file that could not be read. */
  readonly damaged: number;
  readonly lost: readonly LostPromotion[];
  readonly #options: DeployLogOptions;
  readonly #file: RotatingFile;
  #entries: DeployEntry[];
  readonly #judgements = new Judgements<DeployEntry>();
  #writing = Promise.resolve();
  #waiting = 0;
  #isFailing = false;

  /** Reads the file and records the start. Never throws: a log that can not be read or written is reported. */
  static async open(options: DeployLogOptions): Promise<DeployLog> {
    const texts = [];
    for (let number = FILES_MAX - 1; number >= 0; number--) {
      const text = await readTail(numbered(options.file, number)).catch((error: unknown) => {
        complain(options, error);
        return "";
      });
      texts.push(text);
    }
    return new DeployLog(options, texts.join("\n"));
  }

  private constructor(options: DeployLogOptions, text: string) {
    const { file, kernel, now, emitter } = options;
    this.#options = options;
    this.#file = new RotatingFile({ path: file, bytesMax: FILE_BYTES_MAX, filesMax: FILES_MAX, now });
    const { entries, damaged } = parseEntries(text);
    this.#entries = entries.slice(-ENTRIES_MAX);
    for (const entry of entries) this.#judgements.take(entry);
    this.damaged = damaged;
    this.lost = lostBy(entries, options.runs ?? (() => kernel.hash));
    for (const { hash, label, promoted_at, by, zones } of this.lost) {
      const data = { hash, label, promoted_at, by, zones, runs_hash: kernel.hash };
      emitter.emit("event", "deploy", "Promoted module lost", data);
    }
    const { hash, label } = kernel;
    this.#add({ event: "server_started", zone_id: 0, from_hash: "", to_hash: hash, label, reason: "", by: "" });
  }

  /** The newest `limit` entries, oldest first. */
  entries(limit = ENTRIES_MAX): readonly DeployEntry[] {
    return this.#entries.slice(-limit);
  }

  /** What speaks against a module, oldest first: of all entries that are kept, also of those that were kept once and this server has seen. */
  against(hash: string): readonly DeployEntry[] {
    return this.#judgements.of(hash);
  }

  note({ what, zoneId, from, to, label, reason, by, changes, validation }: DeployEvent): void {
    this.#add({
      event: what,
      zone_id: zoneId,
      from_hash: from,
      to_hash: to,
      label: label.slice(0, TEXT_LENGTH_MAX),
      reason: reason.slice(0, TEXT_LENGTH_MAX),
      by: by.slice(0, TEXT_LENGTH_MAX),
      ...(changes === undefined ? {} : { changes: changes.map((line) => line.slice(0, TEXT_LENGTH_MAX)) }),
      ...(validation === undefined ? {} : { validation }),
    });
  }

  /** Waits until every entry is written or has failed, but does not wait for a disk that hangs. */
  async close(): Promise<void> {
    const closed = this.#writing.then(() => this.#file.close());
    await Promise.race([closed, Bun.sleep(CLOSE_MS_MAX)]).catch((error: unknown) => complain(this.#options, error));
  }

  #add(entry: Omit<DeployEntry, "v" | "timestamp">): void {
    const timestamp = new Date(this.#options.clock()).toISOString();
    const stamped: DeployEntry = { v: 1, timestamp, ...entry };
    this.#entries.push(stamped);
    this.#judgements.take(stamped);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift();
    if (this.#waiting >= WAITING_MAX) return;
    this.#waiting++;
    const bytes = new TextEncoder().encode(`${JSON.stringify(stamped)}\n`);
    this.#writing = this.#writing.then(() => this.#write(bytes));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.append(bytes);
      this.#isFailing = false;
    } catch (error) {
      // One warning per problem, not one per entry.
      if (!this.#isFailing) complain(this.#options, error);
      this.#isFailing = true;
    } finally {
      this.#waiting--;
    }
  }
}

function complain({ emitter, file }: DeployLogOptions, error: unknown): void {
  emitter.emit("error", "deploy", "Deploy history not kept", { file, error: messageOf(error) });
}

/** The last part of a file, starting at a whole line; "" when the file does not exist. */
async function readTail(path: string): Promise<string> {
  const handle = await open(path, "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
  if (handle === null) return "";
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - FILE_BYTES_MAX);
    const bytes = new Uint8Array(Math.min(size, FILE_BYTES_MAX));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const text = new TextDecoder().decode(bytes.subarray(0, bytesRead));
    return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } finally {
    await handle.close();
  }
}

function parseEntries(text: string): { entries: DeployEntry[]; damaged: number } {
  const entries: DeployEntry[] = [];
  let damaged = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const entry = parseEntry(line);
    if (entry === null) damaged++;
    else entries.push(entry);
  }
  return { entries, damaged };
}

function parseEntry(line: string): DeployEntry | null {
  try {
    return Entry.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // A half line from a server that was killed, or foreign text; it is counted as damaged.
    return null;
  }
}

/** The promoted modules that zones ran when the previous server ended, except the one they start with now. */
function lostBy(entries: readonly DeployEntry[], runs: (zoneId: number) => string): LostPromotion[] {
  const started = entries.findLastIndex(({ event }) => event === "server_started");
  const promoted = new Map<number, DeployEntry>();
  for (const entry of entries.slice(started + 1)) {
    const { event, zone_id: zoneId, from_hash: from } = entry;
    if (event === "promoted") promoted.set(zoneId, entry);
    if (event === "rolled_back" && promoted.get(zoneId)?.to_hash === from) promoted.delete(zoneId);
  }
  const lost = new Map<string, LostPromotion>();
  for (const [zoneId, { to_hash: hash, label, timestamp, by }] of promoted) {
    if (hash === runs(zoneId)) continue;
    const known = lost.get(hash) ?? { hash, label, promoted_at: timestamp, by, zones: [] };
    lost.set(hash, { ...known, zones: [...known.zones, zoneId].toSorted((a, b) => a - b) });
  }
  return [...lost.values()];
}

/** The message for the operator: one sentence that also says how to restore the module. */
export function lostText({ hash, label, promoted_at: at, by, zones }: LostPromotion): string {
  const who = by === "" ? "" : ` by ${by}`;
  const where = zones.length === 1 ? `zone ${zones[0]}` : `zones ${zones.join(", ")}`;
  return (
    `${label} (${hash}), promoted at ${at}${who} in ${where}, is gone with the server that ran it: ` +
    "zones run what this server was started with. Deploy it again: wowsim deploy FILE."
  );
}
