// Where the server is. A server that went may come back elsewhere: on other ports in the same folder, or under its name at
// another address. So whoever has lost it looks for it anew.
//
//   const whereabouts = new Whereabouts(place, find)
//   whereabouts.place.controlPort          // read where it is used, never kept
//   await whereabouts.again()              // true: it is elsewhere now

import { isTokenCode } from "../client/token-error.ts";
import { exitCodeOf, EXIT } from "../ui/output.ts";
import { WowsimError } from "../../server/protocol/errors.ts";

export interface Place {
  host: string;
  port: number;
  controlPort: number;
  httpPort: number;
  /** UDP. */
  telemetryPort: number;
  /** The server's telemetry file, for what was before; null: it is not at hand. */
  telemetryFile: string | null;
  token: string | undefined;
  playerToken: string | undefined;
}

export class Whereabouts {
  /** Changes in place. */
  readonly place: Place;
  readonly #find: () => Promise<Place>;
  readonly #onMoved: () => void;

  constructor(place: Place, find: () => Promise<Place>, onMoved: () => void = () => {}) {
    this.place = { ...place };
    this.#find = find;
    this.#onMoved = onMoved;
  }

  /** Looks for it anew. One that does not answer stays where it was. */
  async again(): Promise<boolean> {
    const found = await this.#find().catch((error: unknown) => {
      if (error instanceof WowsimError && exitCodeOf(error) === EXIT.unreachable) return this.place;
      throw error;
    });
    const isMoved = nameOf(found) !== nameOf(this.place);
    Object.assign(this.place, found);
    if (isMoved) this.#onMoved();
    return isMoved;
  }
}

const nameOf = ({ host, port, controlPort, httpPort, telemetryPort }: Place): string =>
  [host, port, controlPort, httpPort, telemetryPort].join(" ");

/** The server wants another token than ours, or one at all: to ask again would only lock us out. */
export const isTokenRefused = (error: unknown): error is WowsimError =>
  error instanceof WowsimError && isTokenCode(error.code);
