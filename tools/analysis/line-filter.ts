// Which telemetry lines are wanted: by type, component and what the message says. All that is given must be true of a line.
//
//   const filter = new LineFilter({ type: "error", component: "zone" })
//   filter.wants(line)           // counts it, and keeps it among the newest when it is wanted
//   filter.newest                // the last ten of them, oldest first

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";

export interface LineWishes {
  type?: string | undefined;
  component?: string | undefined;
  /** Part of the message, in whatever case. */
  message?: string | undefined;
}

/** Lines of one kind have these three in common. */
export type LineKind = Pick<TelemetryLine, "type" | "component" | "message">;

const NEWEST_MAX = 10;

export class LineFilter {
  /** Lines that were asked about, and those of them that are not wanted. */
  lines = 0;
  unwanted = 0;
  /** The last ten that are wanted, oldest first. */
  readonly newest: TelemetryLine[] = [];
  readonly #wishes: LineWishes;
  readonly #message: string;

  constructor(wishes: LineWishes) {
    this.#wishes = wishes;
    this.#message = wishes.message?.toLowerCase() ?? "";
  }

  /** False: every line is wanted. */
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

  /** Whether all lines of a kind are wanted: what is asked for names nothing else of a line. */
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
