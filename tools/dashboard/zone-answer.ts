// The answer of inspect_zone (server/main/control/zone-views.ts), validated before it is used.

import { z } from "zod";

const Entity = z.object({
  id: z.number(),
  name: z.string(),
  is: z.enum(["player", "creature"]),
  level: z.number(),
  x: z.number(),
  y: z.number(),
  health: z.number(),
  health_max: z.number(),
  target: z.number(),
  states: z.array(z.string()),
});

const Fight = z.object({
  creature: Entity,
  threat: z.array(z.object({ player: z.number(), name: z.string(), amount: z.number() })),
});

export const ViewedZone = z.object({
  zone_id: z.number(),
  tick: z.number(),
  age_ms: z.number(),
  players: z.number(),
  creatures: z.number(),
  entities: z.array(Entity),
  fights: z.array(Fight),
});

export type ViewedEntity = z.infer<typeof Entity>;
export type ViewedFight = z.infer<typeof Fight>;
export type ViewedZone = z.infer<typeof ViewedZone>;

/** "Bot 3", or for entities without a name their kind and id: "guest 3", "creature 1000001". */
export function entityName({ id, name, is }: Pick<ViewedEntity, "id" | "name" | "is">): string {
  if (name !== "") return name;
  return is === "player" ? `guest ${id}` : `creature ${id}`;
}
