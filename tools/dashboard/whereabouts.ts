// The address of the server. A server that was lost may come back elsewhere: on other ports in the same folder, or under its
// name at another address. So it is searched again after it is lost.
//
//   const whereabouts = new Whereabouts(place, find)
//   whereabouts.place.controlPort          // read at each use, never stored
//   await whereabouts.again()              // true: its address has changed

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
  /** The server's telemetry file, for the time before the start; null: not available. */
  telemetryFile: string | null;
  token: string | undefined;
  playerToken: string | undefined;
}

export class Whereabouts {
  /** Updated in place. */
  readonly place: Place;
  readonly #find: () => Promise<Place>;
  readonly #onMoved: () => void;

  constructor(place: Place, find: () => Promise<Place>, onMoved: () => void = () => {}) {
    this.place = { ...place };
    this.#find = find;
    this.#onMoved = onMoved;
  }

  /** Searches the server again. If it does not answer, its old address stays. */
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

/** The server wants another token, or wants one at all: further requests would only lead to a lockout. */
export const isTokenRefused = (error: unknown): error is WowsimError =>
  error instanceof WowsimError && isTokenCode(error.code);
