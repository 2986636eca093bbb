// Selects telemetry lines by type, component and message. A line must match all given conditions.
//
//   const filter = new LineFilter({ type: "error", component: "zone" })
//   filter.wants(line)           // counts the line, and keeps it as one of the newest when it matches
//   filter.newest                // the last ten of them, oldest first

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";

export interface LineWishes {
  type?: string | undefined;
  component?: string | undefined;
  /** A part of the message; upper and lower case are the same. */
  message?: string | undefined;
}

/** Lines of one kind have these three in common. */
export type LineKind = Pick<TelemetryLine, "type" | "component" | "message">;

const NEWEST_MAX = 10;

export class LineFilter {
  /** The number of lines checked, and of those that do not match. */
  lines = 0;
  unwanted = 0;
  /** The last ten matching lines, oldest first. */
  readonly newest: TelemetryLine[] = [];
  readonly #wishes: LineWishes;
  readonly #message: string;

  constructor(wishes: LineWishes) {
    this.#wishes = wishes;
    this.#message = wishes.message?.toLowerCase() ?? "";
  }

  /** False: every line matches. */
  get isPicky(): boolean {
    const { type, component, message } = this.#wishes;
    return type !== undefined || component !== undefined || message !== undefined;
  }

  wants(line: TelemetryLine): boolean {
    this.lines++;
    if (!this.#isWanted(line)) {
      this.unwanted++;
      return false;
    }
    this.newest.push(line);
    if (this.newest.length > NEWEST_MAX) this.newest.shift();
    return true;
  }

  /** Whether all lines of a kind match: the filter has no condition on other fields of a line. */
  wantsKind(kind: LineKind): boolean {
    return this.#isWanted(kind);
  }

  /** "type error, component zone". */
  toString(): string {
    return Object.entries(this.#wishes)
      .filter(([, wish]) => wish !== undefined)
      .map(([name, wish]) => `${name} ${wish}`)
      .join(", ");
  }

  #isWanted({ type, component, message }: LineKind): boolean {
    const { type: wantedType = type, component: wantedComponent = component } = this.#wishes;
    return type === wantedType && component === wantedComponent && message.toLowerCase().includes(this.#message);
  }
}
