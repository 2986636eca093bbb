// Reads from a zone's memory, between two ticks, who is in the zone and where. The result is kept until the next tick.

import { ENTITY_PHANTOM, PLAYER_SLOW, PLAYER_WATCHES } from "../../assembly/abi.ts";
import type { Addresses } from "./addresses.ts";
import type { EntityView } from "./command-batch.ts";
import { floatAt, wordAt } from "../protocol/assert.ts";

export class EntityReader implements EntityView {
  #at: Addresses;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #ids: Uint32Array;
  readonly #rows = new Map<number, number>();
  readonly #position = { x: 0, y: 0, z: 0 };
  #count = -1;

  constructor(memory: WebAssembly.Memory, at: Addresses) {
    this.#at = at;
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#ids = new Uint32Array(at.rowsMax);
  }

  /** From now on the memory has another layout, with the same number of rows. */
  bind(at: Addresses): void {
    this.#at = at;
    this.forget();
  }

  /** The memory has changed: the next call reads it again. */
  forget(): void {
    this.#count = -1;
  }

  /** Entity ids in the zone, players first. The array is reused: the next tick overwrites it. */
  entityIds(): Uint32Array {
    this.#read();
    return this.#ids.subarray(0, this.#count);
  }

  /** Position in yards; null when the entity is not in this zone. The object is reused by the next call. */
  positionOf(entityId: number): { x: number; y: number; z: number } | null {
    this.#read();
    const row = this.#rows.get(entityId);
    if (row === undefined) return null;
    this.#position.x = floatAt(this.#floats, this.#at.entityX / 4 + row);
    this.#position.y = floatAt(this.#floats, this.#at.entityY / 4 + row);
    this.#position.z = floatAt(this.#floats, this.#at.entityZ / 4 + row);
    return this.#position;
  }

  /** Calls `visit` for every player, with its id, x and y in yards, and its ENTITY_* flags. */
  eachPlayer(visit: (id: number, x: number, y: number, flags: number) => void): void {
    const { entityId, entityX, entityY, entityFlags } = this.#at;
    const rows = this.#playerRows;
    for (let row = 0; row < rows; row++) {
      const id = wordAt(this.#words, entityId / 4 + row);
      if (id === 0) continue;
      const [x, y] = [floatAt(this.#floats, entityX / 4 + row), floatAt(this.#floats, entityY / 4 + row)];
      visit(id, x, y, wordAt(this.#words, entityFlags / 4 + row));
    }
  }

  /** Calls `visit` for every player who gets frames. */
  eachWatcher(visit: (session: number, isSlow: boolean) => void): void {
    const { entityId, playerFlags } = this.#at;
    for (let row = 0; row < this.#playerRows; row++) {
      const session = wordAt(this.#words, entityId / 4 + row);
      const flags = wordAt(this.#words, playerFlags / 4 + row);
      if (session !== 0 && (flags & PLAYER_WATCHES) !== 0) visit(session, (flags & PLAYER_SLOW) !== 0);
    }
  }

  /** Every player, with the sequence number of the newest command that the zone has handled. */
  acknowledged(): { session: number; ack: number }[] {
    const players: { session: number; ack: number }[] = [];
    for (let row = 0; row < this.#playerRows; row++) {
      const session = wordAt(this.#words, this.#at.entityId / 4 + row);
      if (session !== 0) players.push({ session, ack: wordAt(this.#words, this.#at.playerAck / 4 + row) });
    }
    return players;
  }

  /** Ids of the entities that a fault has put there. */
  phantoms(): number[] {
    this.#read();
    const { entityFlags } = this.#at;
    const isPhantom = (row: number): boolean => (wordAt(this.#words, entityFlags / 4 + row) & ENTITY_PHANTOM) !== 0;
    return [...this.#rows].filter(([, row]) => isPhantom(row)).map(([id]) => id);
  }

  #read(): void {
    if (this.#count >= 0) return;
    this.#count = 0;
    this.#rows.clear();
    const { creaturesHigh, creaturesMax, playersMax } = this.#at;
    this.#readRows(0, this.#playerRows);
    this.#readRows(playersMax, Math.min(wordAt(this.#words, creaturesHigh / 4), creaturesMax));
  }

  /** Limited to the capacity, because the value in the memory may be wrong after a trap, until the zone is restored. */
  get #playerRows(): number {
    return Math.min(wordAt(this.#words, this.#at.playersHigh / 4), this.#at.playersMax);
  }

  #readRows(first: number, rows: number): void {
    for (let row = first; row < first + rows; row++) {
      const id = wordAt(this.#words, this.#at.entityId / 4 + row);
      if (id === 0) continue;
      this.#ids[this.#count++] = id;
      this.#rows.set(id, row);
    }
  }
}
