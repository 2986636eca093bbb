// Appends lines to a file on a disk that may be slow, full or gone: a bounded backlog in memory and one write at a time.
//
//   const appender = new LineAppender(file, { backlogBytesMax: 8 << 20 })
//   if (!appender.append(bytes, at, length)) lost++    // copies the line; false: the backlog is full
//   appender.write()                                   // starts writing the backlog, unless a write runs
//
// append() never waits. A failed write is counted, and tried again after longer and longer pauses up to `retryMsMax`.
// Lines are refused only when the backlog is full; the caller counts them.

import { messageOf } from "../protocol/errors.ts";
import type { AppendFile } from "../store/append-file.ts";

const NEWLINE = 10;
/** Empty chunks that are kept: enough to fill one while another is written; more are freed. */
const SPARE_CHUNKS_MAX = 2;

export interface LineAppenderOptions {
  /** Bytes for waiting lines, in whole chunks. */
  backlogBytesMax: number;
  /** Bytes of one write; no line may be longer. */
  chunkBytes?: number;
  retryMsMin?: number;
  retryMsMax?: number;
}

/** Lines that are written with one call. */
interface Chunk {
  bytes: Uint8Array;
  used: number;
  lines: number;
}

/** The current failure of writing. */
export interface WriteFailure {
  error: string;
  attempts: number;
}

/** Appends to a file that has no other user. */
export class LineAppender {
  readonly file: AppendFile;
  readonly #chunkBytes: number;
  readonly #chunksMax: number;
  readonly #retryMsMin: number;
  readonly #retryMsMax: number;
  /** Oldest first; the last chunk is being filled, the first one may be being written. */
  readonly #backlog: Chunk[] = [];
  readonly #spare: Chunk[] = [];
  #writing: Promise<void> | null = null;
  #endWait: (() => void) | null = null;
  #ended = false;
  #hasStopped = false;
  #linesWritten = 0;
  #failures = 0;
  #isAttempting = false;
  #attempts = 0;
  #failure: WriteFailure | null = null;

  constructor(file: AppendFile, options: LineAppenderOptions) {
    this.file = file;
    this.#chunkBytes = options.chunkBytes ?? 256 * 1024;
    this.#chunksMax = Math.max(2, Math.floor(options.backlogBytesMax / this.#chunkBytes));
    this.#retryMsMin = options.retryMsMin ?? 100;
    this.#retryMsMax = options.retryMsMax ?? 2000;
  }

  /** Lines that are in the file. */
  get linesWritten(): number {
    return this.#linesWritten;
  }

  /** Lines that wait. */
  get linesWaiting(): number {
    return this.#backlog.reduce((sum, chunk) => sum + chunk.lines, 0);
  }

  get backlogBytes(): number {
    return this.#backlog.reduce((sum, chunk) => sum + chunk.used, 0);
  }

  /** Writes that failed since the start. */
  get failures(): number {
    return this.#failures;
  }

  /** Number of the write in progress; null between writes. A number that stays the same means a disk that does not answer. */
  get attempt(): number | null {
    return this.#isAttempting ? this.#attempts : null;
  }

  /** Null while writing succeeds. */
  get failure(): WriteFailure | null {
    return this.#failure;
  }

  /** Copies one line, without its newline; false when the backlog is full or the line longer than a chunk. */
  append(source: Uint8Array, offset: number, length: number): boolean {
    const chunk = this.#chunkFor(length + 1);
    if (chunk === undefined) return false;
    chunk.bytes.set(source.subarray(offset, offset + length), chunk.used);
    chunk.bytes[chunk.used + length] = NEWLINE;
    chunk.used += length + 1;
    chunk.lines++;
    return true;
  }

  /** Starts writing the waiting lines, unless a write is in progress. */
  write(): void {
    if (this.#ended || this.#writing !== null || this.#backlog.length === 0) return;
    this.#writing = this.#writeBacklog().finally(() => {
      this.#writing = null;
    });
  }

  /** Writes everything and waits for the disk; false when that did not succeed within `timeoutMs`. Accepts no line after this call. */
  async end(timeoutMs: number): Promise<boolean> {
    this.#ended = true;
    let timer: Timer | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#finish(), deadline]);
    clearTimeout(timer);
    this.#stopTrying();
    return this.#backlog.length === 0 && this.#failure === null;
  }

  async #finish(): Promise<void> {
    this.#endWait?.();
    await this.#writing;
    await this.#writeBacklog();
    await this.#attempt(() => this.file.sync());
    await this.#attempt(() => this.file.close());
  }

  #stopTrying(): void {
    this.#hasStopped = true;
    this.#endWait?.();
  }

  async #writeBacklog(): Promise<void> {
    let retryMs = this.#retryMsMin;
    for (let chunk = this.#backlog[0]; chunk !== undefined && !this.#hasStopped; chunk = this.#backlog[0]) {
      // From here on no line is added to this chunk.
      const { bytes, used, lines } = chunk;
      if (this.#backlog.length === 1) this.#backlog.push(this.#newChunk());
      if (await this.#attempt(() => this.file.append(bytes.subarray(0, used)))) {
        retryMs = this.#retryMsMin;
        this.#linesWritten += lines;
        this.#recycle();
      } else {
        await this.#wait(retryMs);
        retryMs = Math.min(2 * retryMs, this.#retryMsMax);
      }
    }
  }

  async #attempt(action: () => Promise<void>): Promise<boolean> {
    this.#attempts++;
    this.#isAttempting = true;
    try {
      await action();
      this.#failure = null;
      return true;
    } catch (error) {
      this.#failures++;
      this.#failure = { error: messageOf(error), attempts: (this.#failure?.attempts ?? 0) + 1 };
      return false;
    } finally {
      this.#isAttempting = false;
    }
  }

  /** Waits `ms`, or less when end() is called. */
  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endWait = null;
  }

  #chunkFor(bytes: number): Chunk | undefined {
    const last = this.#ended ? undefined : this.#backlog.at(-1);
    if (last !== undefined && last.used + bytes <= this.#chunkBytes) return last;
    if (this.#ended || bytes > this.#chunkBytes || this.#backlog.length >= this.#chunksMax) return undefined;
    const chunk = this.#newChunk();
    this.#backlog.push(chunk);
    return chunk;
  }

  #newChunk(): Chunk {
    return this.#spare.pop() ?? { bytes: new Uint8Array(this.#chunkBytes), used: 0, lines: 0 };
  }

  #recycle(): void {
    const chunk = this.#backlog.shift();
    if (chunk === undefined) return;
    this.#spareChunk(chunk);
    const next = this.#backlog[0];
    if (this.#backlog.length === 1 && next?.used === 0) this.#spareChunk(...this.#backlog.splice(0));
  }

  #spareChunk(...chunks: Chunk[]): void {
    for (const { bytes } of chunks) {
      if (this.#spare.length < SPARE_CHUNKS_MAX) this.#spare.push({ bytes, used: 0, lines: 0 });
    }
  }
}
