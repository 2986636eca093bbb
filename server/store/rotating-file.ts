// An endless file of lines on a bounded part of the disk: when it would grow past `bytesMax` it
// becomes number 1, number 1 becomes number 2, and the last one is removed.
//
//   telemetry.jsonl      <- written
//   telemetry.1.jsonl    <- before that
//   telemetry.2.jsonl    <- oldest kept, with filesMax 3
//
// An append is complete or leaves nothing: after a full disk took half of it, that half is cut off, so that no reader sees half a
// line. If another program renames, removes or shortens the file (logrotate, also with copytruncate), this is noticed within a
// second and reported, and a missing file is created again. Writes of another program are reported too, such as a second server that has
// the file under another name (a hard link, which a lock next to the file can not detect). A file that is not regular (a pipe, /dev/null)
// is written to and never rotated.

import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname, format, parse } from "node:path";
import { WowsimError } from "../protocol/errors.ts";
import type { AppendFile, FileChange } from "./append-file.ts";

/** Milliseconds between checks that the name still means the open file. */
const IDENTITY_CHECK_INTERVAL_MS = 1000;
/** Milliseconds until a failed rotation is tried again. */
const ROTATION_RETRY_MS = 10_000;
const NEWLINE = 10;

export interface RotatingFileOptions {
  path: string;
  /** The file is rotated before an append would make it longer than this. */
  bytesMax: number;
  /** Files kept, the current one included; at least 2. */
  filesMax: number;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Throws when the file must not be written, such as when another process holds its lock; called before each opening and once a second. */
  checkLock?: (() => Promise<void>) | undefined;
}

interface OpenFile {
  handle: FileHandle;
  inode: number;
  isRegular: boolean;
  bytes: number;
}

/** A rotating file with one writer. Calls must not overlap. */
export class RotatingFile implements AppendFile {
  readonly #options: RotatingFileOptions;
  #file: OpenFile | null = null;
  #checkedAtMs = 0;
  #rotateFromMs = Number.NEGATIVE_INFINITY;
  #rotations = 0;
  #rotationFailures = 0;
  #changes = 0;
  #lastChange: FileChange | null = null;

  /** Throws RangeError for bytesMax below 1 or filesMax below 2. */
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

  /** Rotations that failed because a file could not be renamed. */
  get rotationFailures(): number {
    return this.#rotationFailures;
  }

  /** Times another program renamed, removed, shortened or wrote to the file. */
  get changes(): number {
    return this.#changes;
  }

  get lastChange(): FileChange | null {
    return this.#lastChange;
  }

  /** Opens the file, and creates its folder if necessary. Throws the file system's error. */
  async open(): Promise<void> {
    if (this.#file !== null) return;
    await this.#options.checkLock?.();
    this.#file = await openForAppend(this.#options.path);
  }

  /** Appends whole lines. Throws the file system's error; then no part of them is in the file. */
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

  /** Waits until all appended bytes are on the disk. */
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

  /** Closes a file that another program renamed or removed, so that the next open creates a new one. */
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

  /** Measures the file's length: another program may have shortened it since. */
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

  /** Moves every file one number up. If the current file can not be renamed, writing continues in it: too long is better than lost. */
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

  /** After a failed write: cuts off bytes that may have been written, and closes the file. */
  async #discard(file: OpenFile): Promise<void> {
    this.#file = null;
    // Either may fail too on a failing disk; then openForAppend ends the broken line with a newline. A file that another program
    // has shortened is not made longer again: that would fill it with zeros.
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

/** A killed writer may have left half a line; this ends it with a newline, so that the next line does not continue it. */
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
