// For tests of telemetry: a clock that is set, folders that vanish, lines read back, a UDP watcher.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { TickReport } from "../../server/shared/tick-report.ts";
import type { Ring } from "../../server/shared/ring.ts";
import { emptyReport } from "../../server/shared/tick-report.ts";

/** 2026-01-01T00:00:00.000Z */
export const NEW_YEAR_MS = 1_767_225_600_000;

/** Time that passes only when the test says so. */
export class TestClock {
  ms: number;

  constructor(ms = NEW_YEAR_MS) {
    this.ms = ms;
  }

  readonly now = (): number => this.ms;

  pass(ms: number): void {
    this.ms += ms;
  }
}

/** A folder that is there for one test. */
export function tempFolder(): { path: string; file: (name: string) => string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "wowsim-test-"));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Resolves when the condition holds. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(2);
}

/** Takes all lines out of a ring. */
export function drainTexts(ring: Ring): string[] {
  const texts: string[] = [];
  ring.drain((offset, length) => {
    texts.push(new TextDecoder("utf-8", { fatal: true }).decode(ring.bytes.slice(offset, offset + length)));
  });
  return texts;
}

export function drainLines(ring: Ring): TelemetryLine[] {
  return drainTexts(ring).map((text) => JSON.parse(text));
}

/** Lines of a JSONL file; throws on a broken one. */
export function fileLines(path: string): TelemetryLine[] {
  const text = readFileSync(path, "utf8");
  if (text !== "" && !text.endsWith("\n")) throw new Error(`${path} ends in half a line`);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** The lines with this message. */
export function withMessage(lines: TelemetryLine[], message: string): TelemetryLine[] {
  return lines.filter((line) => line.message === message);
}

/** Adds up a number in the lines' data. */
export function sumOf(lines: TelemetryLine[], field: string): number {
  return lines.reduce((sum, { data }) => sum + Number(data[field]), 0);
}

export function tickReport(fields: Partial<TickReport> = {}): TickReport {
  return { ...emptyReport(1), tick: 1, durationMs: 2, kernelMs: 1, fuelUsed: 1000, load: 0.04, ...fields };
}

/** Somebody with a UDP socket. */
export class UdpWatcher implements Disposable {
  readonly lines: TelemetryLine[] = [];
  readonly challenges: string[] = [];
  readonly errors: string[] = [];
  /** Of those with lines. */
  readonly datagramsBytes: number[] = [];
  readonly #socket: Bun.udp.Socket<"buffer">;
  readonly #serverPort: number;

  static async open(serverPort: number): Promise<UdpWatcher> {
    let watcher: UdpWatcher | undefined;
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: { data: (_socket, datagram) => watcher?.take(datagram.toString()), error: () => undefined },
    });
    watcher = new UdpWatcher(socket, serverPort);
    return watcher;
  }

  private constructor(socket: Bun.udp.Socket<"buffer">, serverPort: number) {
    this.#socket = socket;
    this.#serverPort = serverPort;
  }

  take(text: string): void {
    const values = text.split("\n").map((line) => JSON.parse(line));
    for (const value of values) {
      if ("challenge" in value) this.challenges.push(value.challenge);
      else if ("error" in value) this.errors.push(value.error);
      else this.lines.push(value);
    }
    if (this.lines.includes(values[0])) this.datagramsBytes.push(Buffer.byteLength(text));
  }

  send(datagram: string | Uint8Array): void {
    this.#socket.send(datagram, this.#serverPort, "127.0.0.1");
  }

  /** Asks, and resolves with the challenge. */
  async challenge(): Promise<string> {
    const before = this.challenges.length;
    this.send('{"subscribe":1}');
    await eventually(() => this.challenges.length > before);
    return this.challenges.at(-1)!;
  }

  answer(challenge: string, datagramBytes?: number, token?: string): void {
    this.send(JSON.stringify({ subscribe: 1, challenge, datagram_bytes: datagramBytes, token }));
  }

  [Symbol.dispose](): void {
    if (!this.#socket.closed) this.#socket.close();
  }
}
