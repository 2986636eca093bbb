// One hostile connection: opens, says some dozens of drawn messages in chunks that end anywhere, and then either asks for a
// sign of life, so that it is known that the server has read everything, or breaks off in the middle of a message.
//
//   const tally = newTally()
//   await fuzzConnection({ speech: speeches.game, number: 40123, draw, random, messagesMax: 120 }, tally)
//   tally.sent     // { valid: 14, nested: 9, ... }
//   tally.silent   // connections on which neither the sign of life nor the end came in time: must stay 0

import type { Socket } from "bun";
import type { FuzzKind, FuzzMessage } from "../../server/testing/fuzz-messages.ts";
import type { Speech } from "./fuzz-speech.ts";

const ANSWER_MS_MAX = 10_000;
const CHUNK_MESSAGES_MAX = 20;

export interface FuzzTally {
  sent: Partial<Record<FuzzKind, number>>;
  messages: number;
  bytes: number;
  connections: number;
  /** The server ended the connection before we did: too many broken messages, a line too long, ... */
  shown: number;
  /** Signs of life that came back. */
  answered: number;
  /** Answers that say no, by their code. */
  refusals: Record<string, number>;
  silent: number;
  /** Answers that are no messages of the server's protocol: must stay 0. */
  garbled: number;
  /** Connections that the server did not take. */
  unconnected: number;
}

export const newTally = (): FuzzTally => ({
  sent: {},
  messages: 0,
  bytes: 0,
  connections: 0,
  shown: 0,
  answered: 0,
  refusals: {},
  silent: 0,
  garbled: 0,
  unconnected: 0,
});

export interface FuzzConnectionOptions {
  speech: Speech;
  /** TCP port on the loopback address. */
  number: number;
  draw: () => FuzzMessage;
  random: () => number;
  messagesMax: number;
}

/** Runs one connection from its opening to its end. Never throws for what the server does. */
export async function fuzzConnection(options: FuzzConnectionOptions, tally: FuzzTally): Promise<void> {
  const { speech, random } = options;
  const wire = await Wire.open(options.number, speech, tally);
  if (wire === null) return;
  // Every fourth player never says hello: a guest, who is told nothing.
  const isGuest = speech.hello !== null && random() < 0.25;
  const first = isGuest ? speech.asGuest : speech.hello;
  if (first !== null) await wire.write(first);
  const messages = 1 + Math.floor(random() * options.messagesMax);
  for (let left = messages; left > 0 && !wire.isClosed;) {
    const chunk = Math.min(left, 1 + Math.floor(random() * CHUNK_MESSAGES_MAX));
    left -= chunk;
    await wire.write(drawChunk(chunk, options, tally));
  }
  const breaksOff = random() < 0.2;
  if (!breaksOff && !isGuest) await signOfLife(wire, tally);
  if (breaksOff && !wire.isClosed) {
    const whole = speech.valid(random);
    await wire.write(whole.subarray(0, 1 + Math.floor(random() * (whole.length - 2))));
    count(tally, "truncated", 0);
  }
  if (wire.isClosed) tally.shown++;
  else if (speech.bye !== null && !breaksOff) await wire.write(speech.bye);
  await wire.close(random() < 0.5);
}

/**
 * Sends one valid message whole, then cut in two at each of its bytes, then byte by byte. The server must answer every time
 * as it did the first: returns how many times it refused more, or less, than that.
 */
export async function splitEverywhere(
  speech: Speech,
  number: number,
  whole: Uint8Array,
  tally: FuzzTally,
): Promise<number> {
  const wire = await Wire.open(number, speech, tally);
  if (wire === null) return 0;
  if (speech.hello !== null) await wire.write(speech.hello);
  await wire.write(whole);
  await signOfLife(wire, tally);
  const refusedWhole = wire.refusals;
  for (let at = 1; at <= whole.length; at++) {
    await wire.write(whole.subarray(0, at));
    await Bun.sleep(1);
    await wire.write(whole.subarray(at));
    count(tally, "split", whole.length);
  }
  for (let at = 0; at < whole.length; at++) {
    await wire.write(whole.subarray(at, at + 1));
    await Bun.sleep(0);
  }
  count(tally, "split", whole.length);
  await signOfLife(wire, tally);
  await wire.close(false);
  return Math.abs(wire.refusals - refusedWhole * (whole.length + 2));
}

function drawChunk(messages: number, { draw }: FuzzConnectionOptions, tally: FuzzTally): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let index = 0; index < messages; index++) {
    const { kind, bytes } = draw();
    parts.push(bytes);
    count(tally, kind, bytes.length);
  }
  return Buffer.concat(parts);
}

function count(tally: FuzzTally, kind: FuzzKind, bytes: number): void {
  tally.sent[kind] = (tally.sent[kind] ?? 0) + 1;
  tally.messages++;
  tally.bytes += bytes;
}

/** Everything before it has been read when the answer is here; or the server has ended the connection. */
async function signOfLife(wire: Wire, tally: FuzzTally): Promise<void> {
  if (wire.isClosed) return;
  await wire.ask(420_000 + tally.answered);
  if (await wire.saw(ANSWER_MS_MAX)) tally.answered++;
  else if (!wire.isClosed) tally.silent++;
}

/** A socket that can be waited for. */
class Wire {
  /** Errors and answers that say no. */
  refusals = 0;
  isClosed = false;
  readonly #tally: FuzzTally;
  readonly #speech: Speech;
  readonly #read: (bytes: Buffer) => void;
  #socket: Socket | null = null;
  /** The number that is looked for in every answer, as it comes: much may come after it before anybody looks. */
  #sign = 0;
  #sawSign = false;
  /** Called at whatever happens: bytes, room to write, the end. */
  #wake: () => void = () => undefined;

  static async open(port: number, speech: Speech, tally: FuzzTally): Promise<Wire | null> {
    const wire = new Wire(speech, tally);
    try {
      wire.#socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          data: (_socket, bytes) => {
            wire.#receive(bytes);
          },
          drain: () => wire.#wake(),
          close: () => wire.#end(),
          error: () => wire.#end(),
        },
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      tally.unconnected++;
      return null;
    }
    tally.connections++;
    return wire;
  }

  private constructor(speech: Speech, tally: FuzzTally) {
    this.#speech = speech;
    this.#tally = tally;
    this.#read = speech.reader({
      onRefused: (code) => {
        tally.refusals[code] = (tally.refusals[code] ?? 0) + 1;
        this.refusals++;
      },
      onAnswer: (number) => {
        if (number === this.#sign) this.#sawSign = true;
      },
    });
  }

  /** Resolves when all is handed to the system, or the connection is gone, or nothing was taken for long. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0 && !this.isClosed;) {
      const taken = this.#socket?.write(rest) ?? -1;
      if (taken < 0) return;
      rest = rest.subarray(taken);
      if (rest.length > 0 && !(await this.#event(ANSWER_MS_MAX))) {
        this.#tally.silent++;
        this.#socket?.terminate();
        return;
      }
    }
  }

  /** Asks for a sign of life; from now on, whether it has come is known. */
  async ask(number: number): Promise<void> {
    this.#sign = number;
    this.#sawSign = false;
    await this.write(this.#speech.ask(number));
  }

  /** True when what is looked for has come within `msMax`; false when the connection ended or it did not. */
  async saw(msMax: number): Promise<boolean> {
    const deadline = performance.now() + msMax;
    while (!this.#sawSign) {
      const left = deadline - performance.now();
      if (this.isClosed || left <= 0 || !(await this.#event(left))) return this.#sawSign;
    }
    return true;
  }

  /** Ends the connection, in good manners or not, and waits until it is gone. */
  async close(abruptly: boolean): Promise<void> {
    if (abruptly) this.#socket?.terminate();
    else this.#socket?.end();
    while (!this.isClosed && (await this.#event(ANSWER_MS_MAX)));
    if (!this.isClosed) this.#socket?.terminate();
  }

  #event(msMax: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), msMax);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #receive(bytes: Buffer): void {
    try {
      this.#read(bytes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#tally.garbled++;
      this.#socket?.terminate();
    }
    this.#wake();
  }

  #end(): void {
    this.isClosed = true;
    this.#wake();
  }
}
