// The ends a dashboard can come to, and the terminal after each of them: a key, a signal, an exception that nobody caught,
// a promise that nobody waited for, process.exit from anywhere. Also the pause that Ctrl-Z makes.
//
//   const exitCode = await untilEnd({ leave: () => terminal.leave() }, (end) => { ...; end(0) })

import { messageOf } from "../../server/protocol/errors.ts";
import { EXIT } from "../ui/output.ts";

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: 0, SIGHUP: 0 } as const;
/** A stop that does not come (nobody is there to bring us back) is waited for so long. */
const RESUME_MS = 100;

export interface Lifecycle {
  /** Gives the terminal back; may be called again. */
  leave(): void;
}

/** Runs until `end` is called with an exit code, or a signal or an exception ends it. The terminal is given back first. */
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

/** Stops the process as Ctrl-Z does; resolves when it goes on. The terminal must have been given back. */
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
