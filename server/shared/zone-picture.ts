// A zone as somebody sees it who looks at it from above: what zone-view.ts reads and the control channel answers.

export interface ViewedEntity {
  id: number;
  /** Index of a creature's template, of a player's class. */
  kind: number;
  level: number;
  /** Yards. */
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
  /** By session id, most hated first. */
  threat: { player: number; amount: number }[];
}

export interface ZonePicture {
  tick: number;
  /** Of the zone's state after that tick: 16 hexadecimal digits. */
  hash: string;
  /** All there are, shown or not. Creatures that wait for their respawn are not there. */
  players: number;
  creatures: number;
  entities: ViewedEntity[];
  fights: Fight[];
}
