// All ways in which a dashboard can end, and restoring the terminal after each: a key, a signal, an uncaught exception,
// an unhandled rejection, process.exit from anywhere. Also the pause by Ctrl-Z.
//
//   const exitCode = await untilEnd({ leave: () => terminal.leave() }, (end) => { ...; end(0) })

import { messageOf } from "../../server/protocol/errors.ts";
import { EXIT } from "../ui/output.ts";

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: 0, SIGHUP: 0 } as const;
/** How long to wait for a stop that does not happen (because no shell could resume the process). */
const RESUME_MS = 100;

export interface Lifecycle {
  /** Restores the terminal; may be called again. */
  leave(): void;
}

/** Runs until `end` is called with an exit code, or a signal or an exception ends it. Restores the terminal first. */
export async function untilEnd(lifecycle: Lifecycle, run: (end: (exitCode: number) => void) => void): Promise<number> {
  const ended = Promise.withResolvers<number>();
  const onExit = (): void => lifecycle.leave();
  const onSignal = (name: NodeJS.Signals): void => ended.resolve(SIGNALS[name as keyof typeof SIGNALS]);
  const onFailure = (error: unknown): void => {
    lifecycle.leave();
    process.stderr.write(failureText(error));
    ended.resolve(EXIT.degraded);
  };
  process.on("exit", onExit);
  process.on("uncaughtException", onFailure);
  process.on("unhandledRejection", onFailure);
  for (const name of Object.keys(SIGNALS)) process.on(name, onSignal);
  try {
    run(ended.resolve);
    return await ended.promise;
  } catch (error) {
    onFailure(error);
    return await ended.promise;
  } finally {
    lifecycle.leave();
    process.off("exit", onExit);
    process.off("uncaughtException", onFailure);
    process.off("unhandledRejection", onFailure);
    for (const name of Object.keys(SIGNALS)) process.off(name, onSignal);
  }
}

/** Stops the process as Ctrl-Z does; resolves when it continues. The terminal must have been restored before. */
export async function suspended(): Promise<void> {
  const resumed = Promise.withResolvers<void>();
  process.once("SIGCONT", resumed.resolve);
  process.kill(process.pid, "SIGTSTP");
  const timer = setTimeout(resumed.resolve, RESUME_MS);
  await resumed.promise;
  clearTimeout(timer);
  process.off("SIGCONT", resumed.resolve);
}

function failureText(error: unknown): string {
  const stack = error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : "";
  return `wowsim: The dashboard failed: ${messageOf(error)}; start it again, and tell us about it.${stack}\n`;
}
