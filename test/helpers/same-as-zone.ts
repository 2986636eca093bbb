// What a client knows, held against the zone it is in: whatever it knows of is, at the tick of a look into the zone, where and
// how the client has it.
//
//   await sameAsZone(client, { zoneId: 2, controlPort })

import { expect } from "bun:test";
import { ControlClient } from "../../tools/client/control-client.ts";
import type { GameClient } from "../../tools/client/game-client.ts";
import { until } from "./net.ts";

const PATIENCE_MS = 20_000;
const LOOKS_MAX = 50;

type Known = [x: number, y: number, health: number, target: number];

/** Fails on the first difference, and when it was never possible to compare. How many entities were. */
export async function sameAsZone(
  client: GameClient,
  { zoneId, controlPort }: { zoneId: number; controlPort: number },
): Promise<number> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: controlPort });
  const told = new Map<number, Map<number, Known>>();
  const { world } = client;
  const keep = (): void => {
    const known = [...world.entities.values()].map(
      ({ id, x, y, health, target }) => [id, [x, y, health, target]] as [number, Known],
    );
    told.set(world.tick, new Map(known));
  };
  let compared = 0;
  for (let looks = 0; compared === 0 && looks < LOOKS_MAX; looks++) {
    const answer = await control.request({ command: "inspect_zone", zone_id: zoneId });
    if (!answer.success) {
      // The zone had no time just then.
      await Bun.sleep(50);
      continue;
    }
    await until(() => world.tick > Number(answer["tick"]), keep, PATIENCE_MS);
    const known = told.get(Number(answer["tick"]));
    if (known === undefined || known.size === 0) {
      // A look at a tick before this client listened: the next one is to be had in a moment.
      await Bun.sleep(50);
      continue;
    }
    const zone = new Map((answer["entities"] as Record<string, number>[]).map((entity) => [entity["id"]!, entity]));
    for (const [id, [x, y, health, target]] of known) {
      const truth = zone.get(id);
      if (truth === undefined) {
        // It has just left the zone: a client hears of that at its next sight, a few ticks later. A creature may be back by then.
        const isTold = (): boolean => {
          const entity = world.entities.get(id);
          return entity === undefined || (entity.kind === "creature" && !entity.flags.includes("dead"));
        };
        await until(isTold, undefined, PATIENCE_MS);
        continue;
      }
      expect([Math.abs(truth["x"]! - x) < 0.02, Math.abs(truth["y"]! - y) < 0.02]).toEqual([true, true]);
      expect([id, truth["health"], truth["target"]]).toEqual([id, health, target]);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(5);
  return compared;
}
