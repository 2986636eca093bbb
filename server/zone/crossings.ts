// Who leaves a zone through a portal, as commands of its journal.
//
//   tick 700: 12 stands in portal 0      OP_DEPART 12, e = 0, is in the batch of tick 701, journalled like any command
//   tick 701 done: 12 has departed       a Crossing with all that is theirs (membership.ts tells it)
//
// The portal's number travels in the command: when the tick is replayed through another module, in which somebody departs who
// did not before, it is known where to.

import { COMMAND_A, COMMAND_BYTES, COMMAND_E, COMMAND_OP, ENTITY_DEAD, OP_DEPART } from "../../assembly/abi.ts";
import type { Portal } from "../protocol/content/content.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { readDepartures } from "./departures.ts";
import type { Crossing } from "../shared/transfer.ts";
import type { Zone } from "./zone.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

export class Crossings {
  readonly #zone: Zone;
  readonly #portals: readonly Portal[];
  /** Whose OP_DEPART is in the batch at hand. */
  readonly #departing = new Map<number, Portal>();

  constructor(zone: Zone, portals: readonly Portal[]) {
    this.#zone = zone;
    this.#portals = portals;
  }

  /** Before a tick: whoever stands in a portal departs with it. */
  addDepartures(batch: ZoneBatch): void {
    this.#departing.clear();
    if (this.#portals.length === 0) return;
    this.#zone.entities.eachPlayer((session, x, y, flags) => {
      const index = (flags & ENTITY_DEAD) === 0 ? this.#portalAt(x, y) : -1;
      const portal = this.#portals[index];
      if (portal === undefined || this.#departing.has(session)) return;
      if (batch.push(command.set(OP_DEPART, { a: session, e: index }))) this.#departing.set(session, portal);
    });
  }

  /** There is an OP_DEPART in the batch at hand: only then is departed() worth its while. */
  get isAnyoneDeparting(): boolean {
    return this.#departing.size > 0;
  }

  /** Who left in the tick that has just come to its end. */
  departed(): Crossing[] {
    return this.#of(this.#departing);
  }

  /** Who left in a tick that was replayed with this batch. */
  departedIn(batch: Uint8Array): Crossing[] {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
    const portals = new Map<number, Portal>();
    for (let at = 0; at < batch.length; at += COMMAND_BYTES) {
      const portal = this.#portals[view.getUint32(at + COMMAND_E, true)];
      if (view.getUint16(at + COMMAND_OP, true) !== OP_DEPART || portal === undefined) continue;
      portals.set(view.getUint32(at + COMMAND_A, true), portal);
    }
    return portals.size === 0 ? [] : this.#of(portals);
  }

  /** The zone went DOWN: what was in its last batch has not happened. */
  forget(): void {
    this.#departing.clear();
  }

  #of(portals: ReadonlyMap<number, Portal>): Crossing[] {
    return readDepartures(this.#zone).flatMap(({ session, words }) => {
      const portal = portals.get(session);
      if (portal === undefined) return [];
      return [{ from: this.#zone.id, to: portal.to, at: portal.exit, session, words }];
    });
  }

  /** The portal's place in the list; -1: none. */
  #portalAt(x: number, y: number): number {
    return this.#portals.findIndex((portal) => Math.hypot(x - portal.x, y - portal.y) <= portal.radiusYd);
  }
}
