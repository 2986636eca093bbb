// The error that this program throws on purpose: a code for scripts, a message that says what to do, and the cause.
//
//   throw new WowsimError("port_in_use", "Port 8080 is in use; choose another with --port.", { cause })

/** An error with a stable `code` (snake_case) and a message that says how to fix it. */
export class WowsimError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "WowsimError";
    this.code = code;
  }
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True when there was no room on a disk, whoever said so. */
export function isDiskFull(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" && ["ENOSPC", "EDQUOT", "SQLITE_FULL"].includes(code);
}
