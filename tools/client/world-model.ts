// What one player knows of the world, built from `state` messages and checked. A change or a leave of an unknown entity, or an
// enter of a known one, means that server and client differ.
//
//   model.apply({ type: "state", tick: 9, reset: true, enter: [{ id: 7, ... }], change: [], leave: [] })   // []
//   model.apply({ type: "state", tick: 10, enter: [], change: [{ id: 8, x: 1 }], leave: [] })   // ["change of unknown 8"]

export interface KnownEntity {
  id: number;
  kind: "player" | "creature";
  name?: string;
  template: number;
  level: number;
  x: number;
  y: number;
  z: number;
  health: number;
  max_health: number;
  target: number;
  flags: string[];
  cast_spell_id?: number;
  cast_end_tick?: number;
  auras?: KnownAura[];
}

/** A spell effect on an entity. */
export interface KnownAura {
  spell_id: number;
  stacks: number;
  end_tick: number;
  caster_id: number;
}

export interface SelfState {
  health: number;
  max_health: number;
  power: number;
  max_power: number;
  target: number;
  cast_spell_id: number;
  cast_end_tick: number;
  gcd_end_tick: number;
}

/** How the zone sheds load: docs/PROTOCOL.md. */
export interface Pace {
  /** 0: not at all; 5: so overloaded that no new players are let in. */
  level: number;
  /** Game seconds for each real second. */
  rate: number;
  sight_yd: number;
}

/** The values when no message has reported others. */
export const FULL_PACE: Readonly<Pace> = { level: 0, rate: 1, sight_yd: 100 };

/** Pieces of an item that the player holds; item 0 is gold. */
export interface HeldItem {
  item: number;
  count: number;
}

export interface Position {
  x: number;
  y: number;
  z: number;
}

export interface StateMessage {
  type: "state";
  tick: number;
  ack?: number;
  reset?: boolean;
  /** False: the server can not keep what it tells, and may forget it when it dies. */
  durable?: boolean;
  pace?: Pace;
  self?: SelfState;
  /** Where the player itself is now. */
  position?: Position;
  /** All that the player holds, when it has changed. */
  inventory?: HeldItem[];
  /** The spell effects on the player itself, when they have changed. */
  auras?: KnownAura[];
  enter: KnownEntity[];
  change: (Partial<KnownEntity> & { id: number })[];
  leave: number[];
}

export class WorldModel {
  readonly entities = new Map<number, KnownEntity>();
  self: SelfState | null = null;
  pace: Readonly<Pace> = FULL_PACE;
  /** What the player holds: pieces by item; item 0 is gold. */
  readonly inventory = new Map<number, number>();
  tick = 0;
  /** What the newest message told is kept by the server, even if the server dies. */
  durable = true;

  /** Applies the message; returns its problems, [] when there are none. */
  apply(state: StateMessage): string[] {
    const problems: string[] = [];
    if (state.reset === true) this.forget();
    else if (state.tick <= this.tick) problems.push(`tick ${state.tick} after tick ${this.tick}`);
    this.tick = state.tick;
    this.durable = state.durable !== false;
    if (state.pace !== undefined) this.pace = state.pace;
    if (state.self !== undefined) this.self = state.self;
    if (state.inventory !== undefined) this.hold(state.inventory);
    for (const id of state.leave) if (!this.entities.delete(id)) problems.push(`leave of unknown ${id}`);
    for (const entity of state.enter) {
      if (this.entities.has(entity.id)) problems.push(`enter of known ${entity.id}`);
      this.entities.set(entity.id, entity);
    }
    for (const change of state.change) {
      const entity = this.entities.get(change.id);
      if (entity === undefined) problems.push(`change of unknown ${change.id}`);
      else Object.assign(entity, change);
    }
    return problems;
  }

  /** This is all that the player holds from now on. */
  hold(items: readonly HeldItem[]): void {
    this.inventory.clear();
    for (const { item, count } of items) this.inventory.set(item, count);
  }

  forget(): void {
    this.entities.clear();
    this.self = null;
    this.pace = FULL_PACE;
    this.inventory.clear();
  }
}
