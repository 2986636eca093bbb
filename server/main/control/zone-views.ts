// Looks into zones from the control channel: inspect_zone reports where the entities are and the threat lists of the
// creatures.
//
//   > {"command":"inspect_zone","zone_id":1}
//   < {"success":true,"command":"inspect_zone","zone_id":1,"tick":4711,"hash":"9c61f20e8a07d3b5","age_ms":12,
//      "players":5,"creatures":14,"entities":[ENTITY, ...],
//      "fights":[{"creature":ENTITY,"threat":[{"player":3,"name":"Bot 3","amount":120.5}]}]}
//
// ENTITY = {"id":3,"name":"Bot 3","is":"player","level":10,"x":1.5,"y":-20.25,"health":80,"health_max":100,
//           "target":1000001,"states":["in_combat"]}
//
// In a crowd, up to 400 entities are shown, every n-th one; "turn":1 shows the ones after them, and so on in a circle.
//
// A zone is sampled at most five times a second per turn, however many clients ask; in between, they get the last view
// with its age. The same holds for a zone that does not answer now: the channel never waits long for one.

import { z } from "zod";
import * as abi from "../../../assembly/abi.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { Fight, ViewedEntity, ZonePicture } from "../../shared/zone-picture.ts";
import type { PlayerNames } from "../../shared/player-names.ts";
import type { ControlServer } from "./server.ts";

/** A view younger than this is returned again. */
const VIEW_INTERVAL_MS = 200;
/** How long an answer waits for a zone that has no recent view; the channel answers within 100 ms. */
const WAIT_MS_MAX = 80;
const ZONE_ID_MAX = 65_535;
/** A full zone has 8,192 entities; one view shows 400 of them. */
const TURNS_MAX = 21;

const STATES: readonly (readonly [flag: number, name: string])[] = [
  [abi.ENTITY_DEAD, "dead"],
  [abi.ENTITY_IN_COMBAT, "in_combat"],
  [abi.ENTITY_EVADING, "evading"],
  [abi.ENTITY_PHANTOM, "phantom"],
];

export interface ZoneViewsOptions {
  zones: {
    readonly zones: ReadonlyMap<number, unknown>;
    request(zoneId: number, message: { type: "view"; turn: number }): Promise<unknown>;
  };
  players: PlayerNames;
  /** The creature names, by kind. */
  creatures: readonly { readonly name: string }[];
  /** Milliseconds, monotonic. */
  now: () => number;
}

interface Seen {
  view: ZonePicture | null;
  atMs: number;
  /** The sample that is under way. */
  pending: Promise<void> | null;
}

export class ZoneViews {
  readonly #options: ZoneViewsOptions;
  /** The last views, by zone and turn. */
  readonly #seen = new Map<number, Seen>();

  constructor(options: ZoneViewsOptions) {
    this.#options = options;
  }

  /** The answer to inspect_zone. Throws WowsimError: no_such_zone, zone_busy. */
  async inspect(zoneId: number, turn = 0): Promise<Record<string, unknown>> {
    const seen = this.#of(zoneId, turn);
    const { now } = this.#options;
    if (now() - seen.atMs >= VIEW_INTERVAL_MS) {
      seen.pending ??= this.#look(zoneId, turn, seen);
      await Promise.race([seen.pending, Bun.sleep(WAIT_MS_MAX)]);
    }
    if (seen.view !== null) return this.#answer(zoneId, seen.view, now() - seen.atMs);
    const message = `Zone ${zoneId} is down or too busy to be looked into just now; ask again, or see its state in /metrics.`;
    throw new WowsimError("zone_busy", message);
  }

  async #look(zoneId: number, turn: number, seen: Seen): Promise<void> {
    const { zones, now } = this.#options;
    try {
      seen.view = (await zones.request(zoneId, { type: "view", turn })) as ZonePicture | null;
    } catch {
      // The worker is gone or stuck, which telemetry reports; the last view is no longer valid.
      seen.view = null;
    }
    seen.atMs = now();
    seen.pending = null;
  }

  #of(zoneId: number, turn: number): Seen {
    const { zones } = this.#options.zones;
    if (!zones.has(zoneId)) {
      throw new WowsimError("no_such_zone", `There is no zone ${zoneId}; choose from ${[...zones.keys()].join(", ")}.`);
    }
    const key = zoneId * TURNS_MAX + turn;
    const seen = this.#seen.get(key) ?? { view: null, atMs: Number.NEGATIVE_INFINITY, pending: null };
    this.#seen.set(key, seen);
    return seen;
  }

  #answer(zoneId: number, view: ZonePicture, ageMs: number): Record<string, unknown> {
    const { tick, hash, players, creatures, entities, fights } = view;
    return {
      zone_id: zoneId,
      tick,
      hash,
      age_ms: Math.round(ageMs),
      players,
      creatures,
      entities: entities.map((entity) => this.#entity(entity)),
      fights: fights.map((fight) => this.#fight(fight)),
    };
  }

  #entity({ id, kind, level, x, y, health, healthMax, flags, target }: ViewedEntity): Record<string, unknown> {
    const isPlayer = (flags & abi.ENTITY_PLAYER) !== 0;
    const { players, creatures } = this.#options;
    return {
      id,
      name: (isPlayer ? players.nameOf(id) : creatures[kind]?.name) ?? "",
      is: isPlayer ? "player" : "creature",
      level,
      x,
      y,
      health,
      health_max: healthMax,
      target,
      states: STATES.flatMap(([flag, name]) => ((flags & flag) === 0 ? [] : [name])),
    };
  }

  #fight({ creature, threat }: Fight): Record<string, unknown> {
    const { players } = this.#options;
    return {
      creature: this.#entity(creature),
      threat: threat.map(({ player, amount }) => ({ player, name: players.nameOf(player) ?? "", amount })),
    };
  }
}

/** Adds inspect_zone to the control channel. */
export function registerZoneCommands(control: Pick<ControlServer, "register">, views: ZoneViews): void {
  const schema = z.object({
    zone_id: z.number().int().min(1).max(ZONE_ID_MAX),
    turn: z
      .number()
      .int()
      .min(0)
      .max(TURNS_MAX - 1)
      .optional(),
  });
  control.register("inspect_zone", schema, ({ zone_id, turn }) => views.inspect(zone_id, turn));
}
