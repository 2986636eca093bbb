// Whether a server still answers. Once a second two of its ports are asked at the same time: /healthz on the HTTP port, and the
// control port. Both run on the server's main thread, so one answer of any kind shows that it lives; no answer within two
// seconds on both is a miss. Three misses in a row end the server.
//
//   const watch = new AnswerWatch({ ask, now })
//   await watch.silence(signal)      // resolves when the server is silent: "it did not answer three times in a row"
//
// One port alone is no reason: strangers can fill the HTTP port's places, and a restart would make that an outage. A round during
// which this process itself stood still (a suspended machine, SIGSTOP, no processor) does not count, and begins the count anew.

const INTERVAL_MS = 1_000;
export const ANSWER_MS_MAX = 2_000;
const MISSES_MAX = 3;
/** How late this process may be for a round to count. */
const OWN_LATENESS_MS_MAX = 1_000;

export interface AnswerWatchOptions {
  /** Resolves with whether any port answered; takes ANSWER_MS_MAX at most. */
  ask(): Promise<boolean>;
  /** Milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  #misses = 0;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
  }

  /** Resolves with true when the server is silent, or with false after `signal` is aborted. */
  async silence(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const startMs = this.#options.now();
      await this.#options.sleep(INTERVAL_MS);
      if (signal.aborted) break;
      const hasAnswered = await this.#options.ask();
      const tookMs = this.#options.now() - startMs;
      const stoodStill = tookMs > INTERVAL_MS + ANSWER_MS_MAX + OWN_LATENESS_MS_MAX;
      this.#misses = hasAnswered || stoodStill ? 0 : this.#misses + 1;
      if (this.#misses >= MISSES_MAX && !signal.aborted) return true;
    }
    return false;
  }
}

/** The questions for the two ports. */
export function questions(token: string | undefined): { http: string; control: string } {
  const request = { command: "server", ...(token === undefined ? {} : { token }) };
  return {
    http: "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    control: `${JSON.stringify(request)}\n`,
  };
}

/** Whether a port says anything to a question in time. */
export async function answers(host: string, port: number, question: string, msMax = ANSWER_MS_MAX): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), msMax);
  const connecting = Bun.connect({
    hostname: reachable(host),
    port,
    socket: {
      open: (socket) => void socket.write(question),
      data: () => resolve(true),
      close: () => resolve(false),
      error: () => resolve(false),
    },
  });
  connecting.catch(() => resolve(false));
  const hasAnswered = await promise;
  clearTimeout(timer);
  // A connection that comes about later is not needed any more.
  connecting.then(
    (socket) => socket.terminate(),
    () => {},
  );
  return hasAnswered;
}

/** The address at which this machine reaches a server that listens on `host`. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
