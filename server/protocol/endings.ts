// How a server process ends, and the exit code of each way, so that whoever started it knows whether to start it again.
//
//   ENDING_CODE.watchdog     // 75
//   endingOf(75)             // "watchdog"
//
//   stopped    0, 130      somebody asked it to stop
//   refused    1, 4, 64    it could not start as it was configured: a second start would not help
//   crash      70          a mistake of the program, or a signal that nobody can handle
//   disk       74          the journal can not be kept, and the server was told to stop then
//   watchdog   75          a thread hangs and can not be ended, or the server stopped answering

/** The ways to end that call for a new start. */
export type Failure = "crash" | "disk" | "watchdog";
export type Ending = "stopped" | "refused" | Failure;

/** EX_SOFTWARE, EX_IOERR and EX_TEMPFAIL of sysexits(3). */
export const ENDING_CODE = { crash: 70, disk: 74, watchdog: 75 } as const satisfies Record<Failure, number>;

const STOPPED = [0, 130];
const REFUSED = [1, 4, 64];

/** The ending that an exit code stands for. A code of nobody, and a signal (null), is a crash. */
export function endingOf(exitCode: number | null): Ending {
  if (exitCode === null) return "crash";
  if (STOPPED.includes(exitCode)) return "stopped";
  if (REFUSED.includes(exitCode)) return "refused";
  return exitCode === ENDING_CODE.disk ? "disk" : exitCode === ENDING_CODE.watchdog ? "watchdog" : "crash";
}
