// The folder of deploy records, <data-dir>/deploys: one file of JSON lines a deploy, named by its number; the newest 200 are kept.
//
//   deploys/7.jsonl
//   {"v":1,"line":"begun","deploy":7,"hash":"9f3c…",...}
//   {"v":1,"line":"stage","stage":"validate","ok":true,...}
//   {"v":1,"line":"ended","ended_at":"…","outcome":"promoted","reason":"…","lost_stages":0}
//
//   const files = new DeployFiles({ folder, now, onState })
//   files.append(7, line)       // returns at once; the write happens in the background
//
// While the disk refuses writes, lines wait in memory, up to a bound, and are tried again. A line is on the disk as a whole or not
// at all; one that a killed server left half is ended by a newline, and readers skip it.

import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { RotatingFile } from "./rotating-file.ts";

export const DEPLOY_FILES_MAX = 200;
/** Bytes of lines that wait for a disk that does not accept writes. Later lines are lost. */
const WAITING_BYTES_MAX = 8 * 2 ** 20;
const RETRY_MS = 1_000;
const CLOSE_MS_MAX = 500;
/** A first line has expectations and policy; the last line is short. */
const HEAD_BYTES_MAX = 2 ** 20;
const TAIL_BYTES_MAX = 65_536;
/** No server writes a longer file. */
const FILE_BYTES_MAX = 16 * 2 ** 20;
const NAME = /^([1-9]\d{0,8})\.jsonl$/;

export interface DeployFilesOptions {
  folder: string;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Called when the disk begins to refuse writes, with the reason, and with null when it accepts them again. */
  onState: (failing: string | null) => void;
}

interface Waiting {
  deploy: number;
  bytes: Uint8Array;
}

export class DeployFiles {
  readonly #options: DeployFilesOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #file: { deploy: number; file: RotatingFile } | null = null;
  #writing: Promise<void> | null = null;
  #retry: Timer | undefined;
  #failing: string | null = null;
  #isClosed = false;

  constructor(options: DeployFilesOptions) {
    this.#options = options;
  }

  /** `line`: JSON. False: there is no room for it, and it is lost. */
  append(deploy: number, line: string): boolean {
    const bytes = new TextEncoder().encode(`${line}\n`);
    if (this.#isClosed || this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) return false;
    this.#waiting.push({ deploy, bytes });
    this.#waitingBytes += bytes.length;
    this.#write();
    return true;
  }

  /** Removes the oldest files, after what waits was tried. Throws the system's error. */
  async prune(): Promise<void> {
    await this.#writing;
    const numbers = await numbersIn(this.#options.folder);
    for (const number of numbers.slice(0, -DEPLOY_FILES_MAX))
      await rm(pathOf(this.#options.folder, number), { force: true, recursive: true });
  }

  /** Tries once more what waits, but does not wait for a disk that hangs. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#write();
    const isLate = Bun.sleep(CLOSE_MS_MAX).then(() => true);
    while (this.#writing !== null && !(await Promise.race([this.#writing.then(() => false), isLate])));
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await Promise.race([this.#file?.file.close(), Bun.sleep(CLOSE_MS_MAX)]).catch(() => undefined);
  }

  #write(): void {
    if (this.#writing !== null) return;
    clearTimeout(this.#retry);
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = null;
      // What came while the disk was asked to keep the lines before.
      if (this.#failing === null && this.#waiting.length > 0) this.#write();
    });
  }

  async #writeAll(): Promise<void> {
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        const file = await this.#fileOf(next.deploy);
        await file.append(next.bytes);
        this.#waiting.shift();
        this.#waitingBytes -= next.bytes.length;
      }
      await this.#file?.file.sync();
      this.#say(null);
    } catch (error) {
      this.#say(messageOf(error));
      if (!this.#isClosed) this.#retry = setTimeout(() => this.#write(), RETRY_MS);
    }
  }

  async #fileOf(deploy: number): Promise<RotatingFile> {
    if (this.#file?.deploy === deploy) return this.#file.file;
    await this.#file?.file.close();
    const { folder, now } = this.#options;
    const path = pathOf(folder, deploy);
    const file = new RotatingFile({ path, bytesMax: Number.MAX_SAFE_INTEGER, filesMax: 2, now });
    this.#file = { deploy, file };
    return file;
  }

  #say(failing: string | null): void {
    if ((failing === null) === (this.#failing === null)) return;
    this.#failing = failing;
    this.#options.onState(failing);
  }
}

const pathOf = (folder: string, deploy: number): string => join(folder, `${deploy}.jsonl`);

/** The numbers of the files there, rising; creates the folder. Throws the system's error. */
export async function numbersIn(folder: string): Promise<number[]> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  const found = names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return found.map(Number).toSorted((one, other) => one - other);
}

/** The first line of a file and its last lines, as parsed JSON; null for what is no JSON. Throws the system's error. */
export async function readEnds(folder: string, deploy: number): Promise<{ first: unknown; last: unknown[] }> {
  await using handle = await openRegular(pathOf(folder, deploy));
  const { size } = await handle.stat();
  const head = await textAt(handle, 0, Math.min(size, HEAD_BYTES_MAX));
  const end = head.indexOf("\n");
  const tail = await textAt(handle, Math.max(0, size - TAIL_BYTES_MAX), Math.min(size, TAIL_BYTES_MAX));
  const lines = tail.split("\n").slice(size > TAIL_BYTES_MAX ? 1 : 0);
  return { first: parsed(end < 0 ? head : head.slice(0, end)), last: lines.filter(isText).map(parsed) };
}

/** All lines of a file, as parsed JSON; null for what is no JSON. Throws the system's error. */
export async function readLines(folder: string, deploy: number): Promise<unknown[]> {
  await using handle = await openRegular(pathOf(folder, deploy));
  const { size } = await handle.stat();
  const text = await textAt(handle, 0, Math.min(size, FILE_BYTES_MAX));
  return text.split("\n").filter(isText).map(parsed);
}

/** Opening a pipe would wait for its other end. */
async function openRegular(path: string): Promise<FileHandle> {
  if ((await stat(path)).isFile()) return await open(path, "r");
  throw new WowsimError("record_damaged", `${path} is no regular file.`);
}

const isText = (line: string): boolean => line.trim() !== "";

async function textAt(handle: FileHandle, from: number, length: number): Promise<string> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, from);
  return new TextDecoder().decode(bytes.subarray(0, bytesRead));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Half a line of a server that was killed, or foreign text.
    return null;
  }
}
