// Whether what players know is what their zones know, at one and the same tick: each zone is looked into over the control
// port, and every player's model of that tick is held against it, entity by entity.
//
//   await compareWithZones(controlPort, 8, clients)
//   // { clients: 5000, entities: 101230, differing: 0, examples: [], unseen: 0 }
//
// The look shows up to 400 entities, the same ones each time; of those, what a player had known in the last second is kept
// for the moment of the comparison.

import { ControlClient } from "../../tools/client/control-client.ts";
import type { GameClient } from "../../tools/client/game-client.ts";

/** Longer than a look into a zone is given again. */
const LOOK_AGAIN_MS = 400;
const PATIENCE_MS = 3_000;
/** The answer waits for this process too, which may have its hands full. */
const ANSWER_MS_MAX = 30_000;
const EXAMPLES_MAX = 5;
/** Coordinates come rounded to a hundredth of a yard. */
const ROUNDING_YD = 0.0101;

export interface Comparison {
  /** Players who knew something that the look shows. */
  clients: number;
  /** What was compared: one of a player's known entities each. */
  entities: number;
  differing: number;
  examples: string[];
  /** Zones that did not let themselves be looked into. */
  unseen: number;
}

type Row = [x: number, y: number, health: number, target: number];
interface Kept {
  tick: number;
  rows: Map<number, Row>;
}

interface Look {
  tick: number;
  rows: Map<number, Row>;
}

/** Compares zone after zone. */
export async function compareWithZones(control: number, zones: number, clients: GameClient[]): Promise<Comparison> {
  const result: Comparison = { clients: 0, entities: 0, differing: 0, examples: [], unseen: 0 };
  await using operator = await ControlClient.connect({ host: "127.0.0.1", port: control, timeoutMs: ANSWER_MS_MAX });
  for (let zoneId = 1; zoneId <= zones; zoneId++) {
    const players = clients.filter((client) => client.zoneId === zoneId && client.isPlaying);
    await compareZone(operator, zoneId, players, result);
  }
  return result;
}

async function compareZone(
  operator: ControlClient,
  zoneId: number,
  players: GameClient[],
  result: Comparison,
): Promise<void> {
  const sample = await look(operator, zoneId);
  const kept = new Map(players.map((client) => [client, [] as Kept[]]));
  for (const [client, history] of kept) client.onTold = () => history.push(keep(client, sample?.rows));
  await Bun.sleep(LOOK_AGAIN_MS);
  const truth = await look(operator, zoneId);
  if (truth !== null) await untilPast(players, truth.tick);
  for (const client of players) client.onTold = null;
  if (truth === null) result.unseen++;
  else for (const [client, history] of kept) compareClient(client, history, truth, result);
}

/** Waits until all have been told of a later tick, or a while. */
async function untilPast(players: GameClient[], tick: number): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!players.every(({ world }) => world.tick > tick) && performance.now() < giveUpAt) await Bun.sleep(20);
}

function compareClient(client: GameClient, history: Kept[], truth: Look, result: Comparison): void {
  const told = history.findLast(({ tick }) => tick <= truth.tick);
  if (told === undefined) return;
  let compared = 0;
  for (const [id, row] of told.rows) {
    const real = truth.rows.get(id);
    if (real === undefined) continue;
    compared++;
    if (isSame(row, real)) continue;
    result.differing++;
    if (result.examples.length < EXAMPLES_MAX)
      result.examples.push(
        `${client.options.name} has ${id} at ${row.join(" ")}, the zone at ${real.join(" ")} (tick ${truth.tick})`,
      );
  }
  result.entities += compared;
  if (compared > 0) result.clients++;
}

/** What the client knows of those entities now. */
function keep({ world }: GameClient, sample: ReadonlyMap<number, Row> | undefined): Kept {
  const rows = new Map<number, Row>();
  for (const [id, { x, y, health, target }] of world.entities) {
    if (sample?.has(id) === true) rows.set(id, [x, y, health, target]);
  }
  return { tick: world.tick, rows };
}

function isSame([x, y, health, target]: Row, [realX, realY, realHealth, realTarget]: Row): boolean {
  const isNear = Math.abs(x - realX) < ROUNDING_YD && Math.abs(y - realY) < ROUNDING_YD;
  return isNear && health === realHealth && target === realTarget;
}

/** Null when the zone does not let itself be looked into just now. */
async function look(operator: ControlClient, zoneId: number): Promise<Look | null> {
  const answer = await operator.request({ command: "inspect_zone", zone_id: zoneId });
  if (!answer.success) return null;
  const entities = answer["entities"] as { id: number; x: number; y: number; health: number; target: number }[];
  const rows = new Map(entities.map(({ id, x, y, health, target }) => [id, [x, y, health, target] as Row]));
  return { tick: Number(answer["tick"]), rows };
}
