// Finds the players of sessions that another gateway had, and how far their commands have come. The zone that has the player is asked for
// its view, and the first frame says both. Meanwhile nobody resumes the session.
//
//   const placement = new Placement({ zones, onPlaced, onNowhere, now })
//   zones.listen(placement)
//   placement.add(record)      // onPlaced({ id, kept, zoneId: 2, ack: 17, crossing: null })
//   placement.look()           // some times a second
//
// Where the bucket says that the player is, is tried at once. Otherwise the zones' censuses tell; a player between two zones is told of
// by the zone that it left, again and again. Who is in no zone then enters anew.

import { FRAME_ACK, FRAME_SESSION, TRANSFER_ACK } from "../../../assembly/abi.ts";
import { wordAt } from "../../protocol/assert.ts";
import { Command } from "../../protocol/game/command.ts";
import type { ZoneCensus } from "../../shared/ring-records.ts";
import { onwards } from "../../shared/session-store.ts";
import type { RestoredSession } from "../../shared/session-store.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { BusZones } from "./bus-zones.ts";
import type { SessionRecord } from "./session-directory.ts";

/** A zone that has the player is asked again after this time. */
const ASK_MS = 1_000;
/** How long a departure may take to be told again. */
const DEPARTURE_MS_MAX = 2_000;
/** Zones that this gateway has never heard, not even for so long, have nobody. */
const UNHEARD_MS_MAX = 10_000;

export interface PlacementDeps {
  zones: Pick<BusZones, "zones" | "send">;
  onPlaced(session: RestoredSession): void;
  /** A session that has ended, whose character is in no zone; the crossing has what the zone handed out, if it did. */
  onNowhere(record: SessionRecord, crossing: Crossing | null): void;
  /** Milliseconds, monotonic. */
  now(): number;
}

interface Sought {
  record: SessionRecord;
  sinceMs: number;
  /** Zones that said who is in them since then, and whether the player is. */
  counted: Map<number, boolean>;
  /** The zone that was asked for its view, and when; 0: none. */
  zoneId: number;
  askedAtMs: number;
  crossing: Crossing | null;
  waiting: (() => void)[];
}

export class Placement implements ZoneListener {
  readonly #deps: PlacementDeps;
  readonly #sought = new Map<number, Sought>();
  readonly #command = new Command();

  constructor(deps: PlacementDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#sought.size;
  }

  has(id: number): boolean {
    return this.#sought.has(id);
  }

  add(record: SessionRecord): void {
    if (this.#sought.has(record.id)) return;
    const { now } = this.#deps;
    const sought: Sought = {
      record,
      sinceMs: now(),
      counted: new Map(),
      zoneId: 0,
      askedAtMs: 0,
      crossing: null,
      waiting: [],
    };
    this.#sought.set(record.id, sought);
    if (record.kept.zone !== 0) this.#ask(sought, record.kept.zone);
  }

  /** Resolves when the player is found, or is nowhere. */
  whenPlaced(id: number): Promise<void> {
    const sought = this.#sought.get(id);
    return sought === undefined ? Promise.resolve() : new Promise((resolve) => sought.waiting.push(resolve));
  }

  framed(zoneId: number, bytes: Uint8Array, offset: number): void {
    if (this.#sought.size === 0) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
    const sought = this.#sought.get(view.getUint32(FRAME_SESSION, true));
    if (sought !== undefined) this.#place(sought, zoneId, view.getUint32(FRAME_ACK, true), null);
  }

  counted({ zoneId, ids }: ZoneCensus): void {
    for (const sought of this.#sought.values()) {
      const isThere = ids.has(sought.record.id);
      sought.counted.set(zoneId, isThere);
      if (isThere && sought.zoneId !== zoneId) this.#ask(sought, zoneId);
    }
  }

  departed(crossing: Crossing): void {
    const sought = this.#sought.get(crossing.session);
    if (sought === undefined) return;
    sought.crossing = { ...crossing, at: { ...crossing.at }, words: crossing.words.slice() };
    sought.counted.set(crossing.from, false);
    if (sought.zoneId === crossing.from) sought.zoneId = 0;
  }

  /** Asks again, and ends the search for players whom no zone has. */
  look(): void {
    const { now } = this.#deps;
    for (const sought of this.#sought.values()) {
      const isAsked = sought.zoneId !== 0;
      if (isAsked && now() - sought.askedAtMs > ASK_MS) this.#ask(sought, sought.zoneId);
      if (this.#isNowhere(sought)) this.#end(sought);
    }
  }

  /** All zones have said who is in them, and the player is not among those. One that is silent now may have it yet. */
  #isNowhere({ sinceMs, counted, crossing }: Sought): boolean {
    const ageMs = this.#deps.now() - sinceMs;
    for (const { id, epoch } of this.#deps.zones.zones.values()) {
      const isThere = counted.get(id);
      if (isThere === true) return false;
      if (isThere === undefined && (epoch > 0 || ageMs < UNHEARD_MS_MAX)) return false;
    }
    return crossing !== null || ageMs > DEPARTURE_MS_MAX;
  }

  #ask(sought: Sought, zoneId: number): void {
    sought.zoneId = zoneId;
    sought.askedAtMs = this.#deps.now();
    this.#deps.zones.send(zoneId, this.#command.watch(sought.record.id, 0, false).bytes);
  }

  #end(sought: Sought): void {
    const { record, crossing } = sought;
    if (record.ended) {
      this.#forget(sought);
      this.#deps.onNowhere(record, crossing);
      return this.#tell(sought);
    }
    const way = onwards(crossing, record.kept.home);
    this.#place(sought, 0, way === null ? 0 : wordAt(way.words, TRANSFER_ACK), way);
  }

  #place(sought: Sought, zoneId: number, ack: number, crossing: Crossing | null): void {
    const { id, kept } = sought.record;
    this.#forget(sought);
    this.#deps.onPlaced({ id, kept, zoneId, ack, crossing });
    this.#tell(sought);
  }

  #forget({ record }: Sought): void {
    this.#sought.delete(record.id);
  }

  #tell({ waiting }: Sought): void {
    for (const resolve of waiting) resolve();
  }
}
