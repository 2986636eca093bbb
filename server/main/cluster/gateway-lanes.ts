// What the owner of a zone knows of each gateway's commands: the newest that came in order, and the newest that is in a told tick. Commands
// lie in the ring to the zone's worker in the order in which they came; the worker frees what it has told.
//
//   const lanes = new GatewayLanes(() => supervisor.commandsOf(3))
//   lanes.isNext(2, 18)            // false: 17 of gateway 2 has not come yet
//   lanes.took(2, 18)              // it is in the ring
//   lanes.appliedOf(2)             // 16

import type { Ring } from "../../shared/ring.ts";

/** One more than this many gateways can not be. */
interface Lane {
  received: number;
  applied: number;
}

/** Commands up to this number of a gateway are told when the ring is freed up to this place. */
interface Mark {
  ring: CommandRing;
  place: number;
  gateway: number;
  number: number;
}

export type CommandRing = Pick<Ring, "written" | "isFreed">;

export class GatewayLanes {
  readonly #ring: () => CommandRing;
  readonly #lanes = new Map<number, Lane>();
  #marks: Mark[] = [];

  constructor(ring: () => CommandRing) {
    this.#ring = ring;
  }

  /** Commands that are in the ring and not in a told tick: how many groups of them there are. */
  get waiting(): number {
    return this.#marks.length;
  }

  /** "known": it has come before; "gap": one before it is missing. */
  order(gateway: number, number: number): "next" | "known" | "gap" {
    const { received } = this.#laneOf(gateway);
    if (number <= received) return "known";
    return number === received + 1 ? "next" : "gap";
  }

  /** The command, which is the next one, is in the ring. */
  took(gateway: number, number: number): void {
    this.#laneOf(gateway).received = number;
    const ring = this.#ring();
    const { written: place } = ring;
    const newest = this.#marks.at(-1);
    if (newest?.gateway === gateway && newest.ring === ring) [newest.place, newest.number] = [place, number];
    else this.#marks.push({ ring, place, gateway, number });
  }

  /** Call it when a tick was told. */
  look(): void {
    let done = 0;
    for (const { ring, place, gateway, number } of this.#marks) {
      if (!ring.isFreed(place)) break;
      this.#laneOf(gateway).applied = number;
      done++;
    }
    if (done > 0) this.#marks.splice(0, done);
  }

  appliedOf(gateway: number): number {
    return this.#lanes.get(gateway)?.applied ?? 0;
  }

  /** A new worker has a new ring, with all that was in the old one and may be tried again. */
  ringChanged(): void {
    const ring = this.#ring();
    const { written: place } = ring;
    this.#marks = [];
    for (const [gateway, { received: number, applied }] of this.#lanes)
      if (number > applied) this.#marks.push({ ring, place, gateway, number });
  }

  #laneOf(gateway: number): Lane {
    const known = this.#lanes.get(gateway);
    if (known !== undefined) return known;
    const lane = { received: 0, applied: 0 };
    this.#lanes.set(gateway, lane);
    return lane;
  }
}
