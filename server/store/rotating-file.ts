// A file of lines that is appended to for ever on a bounded part of the disk: when it would grow past `bytesMax` it
// becomes number 1, number 1 becomes number 2, and the last one goes.
//
//   telemetry.jsonl      <- written
//   telemetry.1.jsonl    <- before that
//   telemetry.2.jsonl    <- oldest kept, with filesMax 3
//
// Every append is whole or not at all: what a full disk took half of is cut off again, so that no reader meets half a
// line. A file that is renamed, removed or shortened under our hands (logrotate, with copytruncate too) is noticed within a
// second, made anew where it is gone, and told. So is one that somebody else writes to, as a second server does that has it
// under another name (a hard link, which no lock beside the file can see). What is no regular file (a pipe, /dev/null) is written to and never rotated.

import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname, format, parse } from "node:path";
import { WowsimError } from "../protocol/errors.ts";
import type { AppendFile, FileChange } from "./append-file.ts";

/** How often the name is checked to still mean the open file. */
const IDENTITY_CHECK_INTERVAL_MS = 1000;
/** How long a file that could not be renamed is left alone. */
const ROTATION_RETRY_MS = 10_000;
const NEWLINE = 10;

export interface RotatingFileOptions {
  path: string;
  /** The file is rotated before an append would take it past this. */
  bytesMax: number;
  /** Files kept, the current one included; at least 2. */
  filesMax: number;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Throws when the file must not be written, as when its lock is another's; asked before each opening and once a second. */
  checkLock?: (() => Promise<void>) | undefined;
}

interface OpenFile {
  handle: FileHandle;
  inode: number;
  isRegular: boolean;
  bytes: number;
}

/** One writer's file. Calls must not overlap. */
export class RotatingFile implements AppendFile {
  readonly #options: RotatingFileOptions;
  #file: OpenFile | null = null;
  #checkedAtMs = 0;
  #rotateFromMs = Number.NEGATIVE_INFINITY;
  #rotations = 0;
  #rotationFailures = 0;
  #changes = 0;
  #lastChange: FileChange | null = null;

  /** Throws RangeError for limits that make no sense. */
  constructor(options: RotatingFileOptions) {
    if (!(options.bytesMax >= 1)) throw new RangeError(`A file holds at least a byte, not ${options.bytesMax}.`);
    if (!(options.filesMax >= 2)) throw new RangeError(`Rotation needs at least 2 files, not ${options.filesMax}.`);
    this.#options = options;
  }

  /** Bytes in the current file. */
  get bytes(): number {
    return this.#file?.bytes ?? 0;
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** Times the file stayed one because it could not be renamed. */
  get rotationFailures(): number {
    return this.#rotationFailures;
  }

  /** Times somebody else renamed, removed, shortened or wrote to it. */
  get changes(): number {
    return this.#changes;
  }

  get lastChange(): FileChange | null {
    return this.#lastChange;
  }

  /** Opens the file, and makes its folder if there is none. Throws what the file system throws. */
  async open(): Promise<void> {
    if (this.#file !== null) return;
    await this.#options.checkLock?.();
    this.#file = await openForAppend(this.#options.path);
  }

  /** Appends whole lines. Throws what the file system throws; then nothing of them is in the file. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#checkIdentity();
    await this.#measure();
    if (this.#isFullFor(bytes.length)) await this.#rotate();
    await this.open();
    const file = this.#file;
    if (file === null) throw new WowsimError("file_closed", `${this.#options.path} was closed while being written.`);
    try {
      await writeAll(file.handle, bytes);
      if (file.isRegular) file.bytes += bytes.length;
    } catch (error) {
      await this.#discard(file);
      throw error;
    }
  }

  /** Waits until the disk has it. */
  async sync(): Promise<void> {
    if (this.#file?.isRegular) await this.#file.handle.sync();
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close();
  }

  #isFullFor(bytes: number): boolean {
    const file = this.#file;
    if (file === null || !file.isRegular || file.bytes === 0) return false;
    return file.bytes + bytes > this.#options.bytesMax && this.#options.now() >= this.#rotateFromMs;
  }

  /** Lets go of a file that was renamed or removed by somebody else, so that the next open makes a new one. */
  async #checkIdentity(): Promise<void> {
    const nowMs = this.#options.now();
    const file = this.#file;
    if (file === null || nowMs - this.#checkedAtMs < IDENTITY_CHECK_INTERVAL_MS) return;
    this.#checkedAtMs = nowMs;
    const found = await stat(this.#options.path).catch(() => null);
    if (found === null || found.ino !== file.inode) {
      this.#changed(found === null ? "removed" : "replaced");
      return await this.close();
    }
    try {
      await this.#options.checkLock?.();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** How long the file is: others may have shortened it since. */
  async #measure(): Promise<void> {
    const file = this.#file;
    if (file?.isRegular !== true) return;
    const { size } = await file.handle.stat();
    if (size < file.bytes) this.#changed("shortened");
    else if (size > file.bytes) this.#changed("written");
    file.bytes = size;
  }

  #changed(what: FileChange): void {
    this.#changes++;
    this.#lastChange = what;
  }

  /** Moves every file one number up. One that can not be renamed is written on: too long is better than lost. */
  async #rotate(): Promise<void> {
    const { path, filesMax } = this.#options;
    try {
      for (let number = filesMax - 1; number >= 1; number--) {
        await renameIfThere(numbered(path, number - 1), numbered(path, number));
      }
      this.#rotations++;
      await this.close();
    } catch {
      this.#rotationFailures++;
      this.#rotateFromMs = this.#options.now() + ROTATION_RETRY_MS;
    }
  }

  /** After a failed write: cuts off what may have been half written, and closes. */
  async #discard(file: OpenFile): Promise<void> {
    this.#file = null;
    // Either may fail too on a failing disk; then openForAppend sets the broken line apart with a newline. A file that somebody
    // else has shortened is not made longer again: that would fill it with zeros.
    const repairs = [
      async () => {
        if ((await file.handle.stat()).size > file.bytes) await file.handle.truncate(file.bytes);
      },
      () => file.handle.close(),
    ];
    for (const repair of file.isRegular ? repairs : repairs.slice(1)) await repair().catch(() => undefined);
  }
}

/** telemetry.jsonl, 2 → telemetry.2.jsonl; number 0 is the file itself. */
export function numbered(path: string, number: number): string {
  if (number === 0) return path;
  const { dir, name, ext } = parse(path);
  return format({ dir, name: `${name}.${number}`, ext });
}

async function openForAppend(path: string): Promise<OpenFile> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o644);
  try {
    const stats = await handle.stat();
    const isRegular = stats.isFile();
    const file = { handle, inode: stats.ino, isRegular, bytes: isRegular ? stats.size : 0 };
    if (file.bytes > 0) await endLastLine(file);
    return file;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A writer that was killed may have left half a line; the next one must not continue it. */
async function endLastLine(file: OpenFile): Promise<void> {
  const last = new Uint8Array(1);
  await file.handle.read(last, 0, 1, file.bytes - 1);
  if (last[0] === NEWLINE) return;
  await writeAll(file.handle, Uint8Array.of(NEWLINE));
  file.bytes++;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    if (bytesWritten === 0) throw new WowsimError("disk_took_nothing", "The file system accepted none of the bytes.");
    done += bytesWritten;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
