// A zone seen from above, for operators: zone-view.ts reads it and the control channel answers with it.

export interface ViewedEntity {
  id: number;
  /** Index of a creature's template, or of a player's class. */
  kind: number;
  level: number;
  /** In yards. */
  x: number;
  y: number;
  health: number;
  healthMax: number;
  /** ENTITY_* of abi.ts. */
  flags: number;
  /** Entity id, 0 = none. */
  target: number;
}

export interface Fight {
  creature: ViewedEntity;
  /** By session id, highest threat first. */
  threat: { player: number; amount: number }[];
}

export interface ZonePicture {
  tick: number;
  /** The hash of the zone's state after that tick: 16 hexadecimal digits. */
  hash: string;
  /** The total number, shown or not. Creatures that wait for their respawn are not counted. */
  players: number;
  creatures: number;
  entities: ViewedEntity[];
  fights: Fight[];
}
