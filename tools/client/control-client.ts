// The tools' end of the control port: requests and answers as objects, in order, each with a time limit.
//
//   await using control = await ControlClient.connect({ host: "127.0.0.1", port: 8081 })
//   const { faults } = await control.request({ command: "list" })
//
// An answer with success false is returned like any other (`ask` throws it); its reason is rewritten for operators. A request
// without an answer in time resets the connection, because later answers could not be matched. The reset also withdraws the
// request: a server that comes to it later no longer does it.

import type { Socket } from "bun";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { parseOutsideJson } from "../../server/protocol/printable.ts";
import { inOperatorWords } from "./operator-words.ts";
import { hostAndPort } from "./server-name.ts";

export interface ControlAnswer {
  success: boolean;
  command?: string;
  error?: string;
  code?: string;
  id?: string | number;
  [field: string]: unknown;
}

export interface ControlClientOptions {
  host: string;
  port: number;
  /** For servers that are not on loopback; sent before anything else. */
  token?: string;
  /** The limit for connecting, and for each answer. */
  timeoutMs?: number;
}

interface Waiting {
  resolve(answer: ControlAnswer): void;
  reject(error: Error): void;
  timer: Timer;
}

const TIMEOUT_MS = 5_000;
/** The server's own limit on answers is lower. */
const ANSWER_BYTES_MAX = 16 * 2 ** 20;

export class ControlClient implements AsyncDisposable {
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #waiting: Waiting[] = [];
  #socket: Socket | null = null;
  /** Why the connection ended. */
  #ended: Error | null = null;
  #unsent: Buffer[] = [];
  #received: Buffer[] = [];
  #receivedBytes = 0;

  /** Throws WowsimError: control_unreachable, wrong_token. */
  static async connect(options: ControlClientOptions): Promise<ControlClient> {
    const client = new ControlClient(options);
    await client.#open(options);
    if (options.token === undefined) return client;
    try {
      await client.ask({ command: "auth", token: options.token });
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  private constructor({ host, port, timeoutMs = TIMEOUT_MS }: ControlClientOptions) {
    this.#name = hostAndPort(host, port);
    this.#timeoutMs = timeoutMs;
  }

  /** The server's answer, also when it is a refusal. Throws WowsimError: control_closed, control_timeout. */
  request(request: Record<string, unknown>, timeoutMs = this.#timeoutMs): Promise<ControlAnswer> {
    if (this.#socket === null) return Promise.reject(this.#ended ?? this.#closedError());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(this.#timeoutError(timeoutMs), { isWithdrawn: true }), timeoutMs);
      this.#waiting.push({ resolve, reject, timer });
      this.#unsent.push(Buffer.from(`${JSON.stringify(request)}\n`));
      this.#flush();
    });
  }

  /** Like request, but an answer with success false is thrown, as a WowsimError with the server's code and message. */
  async ask(request: Record<string, unknown>, timeoutMs?: number): Promise<ControlAnswer> {
    const answer = await this.request(request, timeoutMs);
    if (answer.success) return answer;
    throw new WowsimError(answer.code ?? "refused", answer.error ?? "The server refused, and gave no reason.");
  }

  close(): void {
    this.#fail(this.#closedError());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #open({ host, port }: ControlClientOptions): Promise<void> {
    const connecting = Bun.connect({
      hostname: host,
      port,
      socket: {
        data: (_socket, bytes) => this.#receive(bytes),
        drain: () => this.#flush(),
        close: () => this.#fail(this.#closedError()),
        error: (_socket, error) => this.#fail(error),
      },
    });
    try {
      this.#socket = await withTimeout(connecting, this.#timeoutMs);
    } catch (cause) {
      // A connection that is made too late is closed; a late failure was already reported as this one.
      void connecting.then((late) => late.end(), messageOf);
      const message = `No server answers on ${this.#name}. Start one with wowsim serve, or say where it is with --server.`;
      throw new WowsimError("control_unreachable", message, { cause });
    }
  }

  #flush(): void {
    while (this.#socket !== null) {
      const [bytes] = this.#unsent;
      if (bytes === undefined) return;
      const taken = this.#socket.write(bytes);
      if (taken >= bytes.length) this.#unsent.shift();
      else {
        if (taken > 0) this.#unsent[0] = bytes.subarray(taken);
        return;
      }
    }
  }

  #receive(bytes: Buffer): void {
    let rest = bytes;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.#received, rest.subarray(0, end)]).toString("utf8");
      this.#received = [];
      this.#receivedBytes = 0;
      rest = rest.subarray(end + 1);
      this.#answered(line);
    }
    if (rest.length === 0) return;
    this.#received.push(Buffer.from(rest));
    this.#receivedBytes += rest.length;
    if (this.#receivedBytes > ANSWER_BYTES_MAX) this.#fail(this.#strangeError("an answer without end"));
  }

  #answered(line: string): void {
    let answer: unknown;
    try {
      answer = parseOutsideJson(line);
    } catch {
      // The other side is not a control port; the error below says so.
      this.#fail(this.#strangeError("no JSON"));
      return;
    }
    if (!isAnswer(answer)) {
      this.#fail(this.#strangeError("something else than an answer"));
      return;
    }
    if (typeof answer.error === "string") answer.error = inOperatorWords(answer.error, this.#name);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return this.#fail(new WowsimError(answer.code ?? "refused", String(answer.error)));
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  /** Ends the connection; every waiting request is rejected with the reason. */
  #fail(error: Error, { isWithdrawn = false } = {}): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#ended ??= error;
    this.#unsent = [];
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
    if (isWithdrawn) socket?.terminate();
    else socket?.end();
  }

  #closedError(): WowsimError {
    return new WowsimError("control_closed", `The control connection to ${this.#name} is closed.`);
  }

  #timeoutError(timeoutMs: number): WowsimError {
    return new WowsimError(
      "control_timeout",
      `${this.#name} did not answer within ${timeoutMs} ms; the request is withdrawn.`,
    );
  }

  #strangeError(what: string): WowsimError {
    const message = `${this.#name} sends ${what}: is that the control port? Say which it is with --server.`;
    return new WowsimError("control_strange", message);
  }
}

function isAnswer(value: unknown): value is ControlAnswer {
  return typeof value === "object" && value !== null && "success" in value && typeof value.success === "boolean";
}

function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
