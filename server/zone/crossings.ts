// Who crosses from a zone into another, and who comes in: the worker's half of a hand-over.
//
//   tick 700: 12 stands in a portal      OP_DEPART 12 is in the batch of tick 701, journalled like any command
//   tick 701 done: 12 has departed       DEPARTED 12, with all that is theirs, goes to the main thread, which holds it
//   a batch with CARRYs and ARRIVE 12    once its tick is done: ARRIVED 12; the main thread lets go
//
// Nothing is told before its tick has come to an end, and a tick that traps comes to its end once, however often it is
// run: so a crash in the very tick neither loses a player nor makes two. What finds the ring full is told later.

import { ENTITY_DEAD, OP_DEPART } from "../../assembly/abi.ts";
import type { Portal } from "../content/content.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { readDepartures } from "./transfer.ts";
import type { Crossing } from "./transfer.ts";
import type { Zone } from "./zone.ts";
import type { ZoneOutput } from "./zone-output.ts";

type Owed = { kind: "departed"; crossing: Crossing } | { kind: "arrived"; session: number; isThere: boolean };

export class Crossings {
  readonly #zone: Zone;
  readonly #portals: readonly Portal[];
  /** Whose OP_DEPART, or arrival, is in the batch at hand. */
  readonly #departing = new Map<number, Portal>();
  readonly #arriving = new Set<number>();
  #owed: Owed[] = [];

  constructor(zone: Zone, portals: readonly Portal[]) {
    this.#zone = zone;
    this.#portals = portals;
  }

  /** Before a tick: whoever stands in a portal departs with it. */
  addDepartures(batch: ZoneBatch): void {
    this.#departing.clear();
    if (this.#portals.length === 0) return;
    this.#zone.entities.eachPlayer((session, x, y, flags) => {
      const portal = (flags & ENTITY_DEAD) === 0 ? this.#portalAt(x, y) : undefined;
      if (portal === undefined || this.#departing.has(session)) return;
      if (batch.push(OP_DEPART, { a: session })) this.#departing.set(session, portal);
    });
  }

  /** The batch at hand lets this session in. */
  arrives(session: number): void {
    this.#arriving.add(session);
  }

  /** After a tick that came to its end: who has left, and who is there. */
  tickDone(output: ZoneOutput): void {
    for (const { session, words } of this.#departing.size === 0 ? [] : readDepartures(this.#zone)) {
      const portal = this.#departing.get(session);
      if (portal === undefined) continue;
      const crossing = { from: this.#zone.id, to: portal.to, at: portal.exit, session, words };
      this.#owed.push({ kind: "departed", crossing });
    }
    for (const session of this.#arriving) {
      this.#owed.push({ kind: "arrived", session, isThere: this.#zone.entities.positionOf(session) !== null });
    }
    this.#arriving.clear();
    while (this.#owed[0] !== undefined && this.#tell(output, this.#owed[0])) this.#owed.shift();
  }

  /** The zone went DOWN: what was in its last batch has not happened. */
  forget(): void {
    this.#departing.clear();
    this.#arriving.clear();
  }

  #tell(output: ZoneOutput, owed: Owed): boolean {
    if (owed.kind === "departed") return output.writeDeparted(owed.crossing);
    return output.writeArrived(this.#zone.id, owed.session, owed.isThere);
  }

  #portalAt(x: number, y: number): Portal | undefined {
    return this.#portals.find((portal) => Math.hypot(x - portal.x, y - portal.y) <= portal.radiusYd);
  }
}
