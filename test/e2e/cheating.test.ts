// A client that cheats, against a real server over a real socket in either encoding: it jumps, runs, reaches, acts when it is
// dead, speaks for somebody else, says a thing twice. What became of it is read from its zone; it must have gained nothing.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { loadContent } from "../../server/protocol/content/load.ts";
import type { ServerMessage } from "../../server/protocol/game/client-messages.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import type { GameEvent } from "../../tools/client/wire.ts";
import { connectWire } from "../../tools/client/connect-wire.ts";
import type { ClientWords, Protocol } from "../../tools/client/wire.ts";
import { RawClient, until } from "../helpers/net.ts";
import { ServeProcess } from "../helpers/serve-process.ts";

setDefaultTimeout(60_000);
const PATIENCE_MS = 40_000;
const sees = (isTrue: () => boolean, between?: () => void): Promise<void> => until(isTrue, between, PATIENCE_MS);

const ZONE = 1;
const HOGGER = 1_000_001;
const FIREBALL = 200;
const FIRE_BLAST = 100;
const RUN_YD_S = 7;
/** A fifth more than running, and a second that was stood still. */
const SLACK = 1.2;
const CREDIT_S = 1;

let server: ServeProcess;
let control: ControlClient;
beforeAll(async () => {
  server = await ServeProcess.ready();
  control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
});
afterAll(async () => {
  await control[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** A spell that somebody has, but not this class. */
function othersSpell(className: string): number {
  const { spells, classes } = loadContent();
  const own = classes.find(({ name }) => name === className)!.spells;
  return spells.find(({ id, common }) => !common && !own.includes(id))!.id;
}

interface Truth {
  id: number;
  x: number;
  y: number;
  health: number;
  target: number;
}

/** The zone as it is, at a tick after `since`. */
async function look(since = 0): Promise<{ tick: number; entities: Map<number, Truth> }> {
  for (;;) {
    const answer = await control.request({ command: "inspect_zone", zone_id: ZONE });
    if (answer.success && Number(answer["tick"]) > since) {
      const entities = answer["entities"] as unknown as Truth[];
      return { tick: Number(answer["tick"]), entities: new Map(entities.map((entity) => [entity.id, entity])) };
    }
    await Bun.sleep(20);
  }
}

interface Cheat {
  client: GameClient;
  events: GameEvent[];
  refusals(action: string): unknown[];
}

async function enter(protocol: Protocol, playerClass = "Mage"): Promise<Cheat> {
  const events: GameEvent[] = [];
  const options = { host: "127.0.0.1", port: server.ports.game, name: "Cheat", zone: ZONE, playerClass };
  const client = new GameClient({
    ...options,
    protocol,
    random: () => 0.5,
    stats: new ClientStats(),
    onEvent: (event) => events.push(event),
  });
  await client.connect();
  const refusals = (action: string): unknown[] =>
    events.filter((event) => event.event === "refused" && event["action"] === action).map((event) => event["reason"]);
  return { client, events, refusals };
}

/** A connection that numbers its messages as it likes, once it is in the world. */
async function speak(
  protocol: Protocol,
  resume = "",
): Promise<{ say(words: ClientWords): void; told: ServerMessage[] }> {
  const told: ServerMessage[] = [];
  let states = 0;
  const wire = await connectWire(protocol, {
    host: "127.0.0.1",
    port: server.ports.game,
    onMessage: (message) => told.push(message),
    onState: () => states++,
    onFrame: () => states++,
    onEvent: () => undefined,
    onNonsense: (problem) => {
      throw new Error(problem);
    },
    onBytes: () => undefined,
    onClose: () => undefined,
  });
  const hello = { version: 1, name: "Voice", zone: ZONE, playerClass: "Mage", token: "", resume, secret: "" };
  wire.send({ kind: "hello", hello });
  await sees(() => told.length > 0 && (states > 0 || told[0]!.type === "error"));
  return { say: (words) => void wire.send(words), told };
}

const sessionOf = (told: ServerMessage[]): number => {
  const welcome = told.find((message) => message.type === "welcome");
  if (welcome?.type !== "welcome") throw new Error("It was not welcomed.");
  return welcome.session_id;
};

describe.each(["json", "binary"] as const)("in %s, a client that", (protocol) => {
  test.each([
    ["jumps a thousand yards", () => -1_000],
    ["runs in steps, five times as fast as it can", (done: number) => -1.75 * (done + 1)],
  ])("%s comes as far as it can run, and is told where it is", async (_how, xOf) => {
    const { client, events } = await enter(protocol);
    const before = await look(client.world.tick);
    const from = before.entities.get(client.entityId)!;
    for (let done = 0; done < 40; done++) {
      client.move(xOf(done), -1_000, 0);
      await Bun.sleep(25);
    }
    await sees(() => client.pendingActions === 0 && events.some(({ event }) => event === "corrected"));
    const after = await look(client.world.tick);
    const { x, y } = after.entities.get(client.entityId)!;
    const seconds = (after.tick - before.tick) / 20 + CREDIT_S;
    const gone = Math.hypot(x - from.x, y - from.y);
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThanOrEqual(seconds * RUN_YD_S * SLACK);
    await client.leave();
  });

  test("reaches further than its arm and its spells hits nothing", async () => {
    const { client, events, refusals } = await enter(protocol);
    const { entities } = await look();
    const far = [...entities.values()].find(({ id, x, y }) => id > HOGGER && Math.hypot(x, y) > 50)!;
    client.cast(FIREBALL, far.id);
    client.attack(far.id);
    await sees(() => refusals("attack").length > 0 && refusals("cast").length > 0);
    expect(refusals("cast")).toEqual(["out_of_range"]);
    expect(refusals("attack")).toEqual(["out_of_range"]);
    const after = await look(client.world.tick + 20);
    expect(after.entities.get(far.id)!.health).toBe(far.health);
    expect(
      events.filter(({ event, ...fields }) => event === "damage" && fields["attacker_id"] === client.entityId),
    ).toEqual([]);
    await client.leave();
  });

  test("casts what is not in its book is refused", async () => {
    const { client, refusals } = await enter(protocol, "Warrior");
    client.cast(othersSpell("Warrior"), HOGGER);
    await sees(() => refusals("cast").length > 0);
    expect(refusals("cast")).toEqual(["unknown_spell"]);
    await client.leave();
  });

  test("is dead can neither cast nor strike nor go anywhere", async () => {
    const { client, events, refusals } = await enter(protocol);
    await sees(
      () => client.world.self?.health === 0,
      () => {
        const hogger = client.world.entities.get(HOGGER);
        if (client.pendingActions > 0 || hogger === undefined || client.world.self?.health === 0) return;
        // Up to whatever fights, and in its way.
        client.move(hogger.x, hogger.y, 0);
        client.attack(HOGGER);
      },
    );
    await sees(() => client.pendingActions === 0);
    const before = (await look(client.world.tick)).entities.get(client.entityId)!;
    events.length = 0;
    client.cast(FIRE_BLAST, HOGGER);
    client.attack(HOGGER);
    client.move(before.x + 3, before.y, 0);
    await sees(() => client.pendingActions === 0 && refusals("move").length > 0);
    expect([refusals("cast"), refusals("attack"), refusals("move")]).toEqual([["dead"], ["dead"], ["dead"]]);
    const after = (await look(client.world.tick + 10)).entities.get(client.entityId)!;
    expect(after).toMatchObject({ x: before.x, y: before.y, health: 0 });
    expect(
      events.filter(({ event, ...fields }) => event === "damage" && fields["attacker_id"] === client.entityId),
    ).toEqual([]);
    await client.leave();
  });

  test("says a number again, or a lower one, is heard once", async () => {
    const { say, told } = await speak(protocol);
    const id = sessionOf(told);
    const errors = (): unknown[] => told.flatMap((message) => (message.type === "error" ? [message.code] : []));
    say({ kind: "move", seq: 5, x: 1, y: 0, z: 0 });
    say({ kind: "move", seq: 5, x: -3, y: 0, z: 0 });
    say({ kind: "move", seq: 4, x: -3, y: 0, z: 0 });
    await sees(() => errors().length === 2);
    expect(errors()).toEqual(["malformed", "malformed"]);
    const { tick } = await look();
    const { entities } = await look(tick + 20);
    expect(entities.get(id)).toMatchObject({ x: 1, y: 0 });
    say({ kind: "bye" });
  });

  test("guesses another's resume token is nobody", async () => {
    const { told, say } = await speak(protocol, "00000000-0000-0000-0000-000000000000");
    expect(told).toMatchObject([{ type: "error", code: "resume_expired" }]);
    say({ kind: "bye" });
  });
});

test("a client that speaks for somebody else speaks for itself", async () => {
  const { client: victim } = await enter("binary");
  const cheat = await RawClient.connect(server.ports.game);
  cheat.send({ type: "hello", v: 1, name: "Mimic", zone: ZONE });
  await sees(() => cheat.last("state") !== undefined);
  const id = Number(cheat.last("welcome")!["session_id"]);
  cheat.send({
    type: "movement",
    session_id: victim.sessionId,
    entity_id: victim.entityId,
    position: { x: 2, y: -2, z: 0 },
    seq: 1,
  });
  await sees(() => cheat.received.some((message) => message["ack"] === 1));
  const { tick } = await look();
  const { entities } = await look(tick + 10);
  expect(entities.get(id)).toMatchObject({ x: 2, y: -2 });
  expect(entities.get(victim.entityId)).toMatchObject({ x: 0, y: 0 });
  cheat.close();
  await victim.leave();
});
