// Players' sessions over real sockets, in a real server with real zones: how they get in, what they are told, how they
// come back.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { RawClient, until } from "../helpers/net.ts";
import type { Message } from "../helpers/net.ts";
import { sameAsZone } from "../helpers/same-as-zone.ts";
import { ServeProcess } from "../helpers/serve-process.ts";
import { PATIENCE_MS, sees, join, states, events, modelOf, small } from "../helpers/sessions.ts";

setDefaultTimeout(120_000);
let server: ServeProcess;
let game: number;
beforeAll(async () => {
  server = await ServeProcess.ready();
  game = server.ports.game;
});
afterAll(() => server[Symbol.asyncDispose]());

const cast = (spell_id: number): Message => ({
  type: "spell_cast",
  session_id: 4711,
  action: "CAST_START",
  spell_id,
  cast_time_ticks: spell_id < 200 ? 0 : 30,
});

describe("a client of the earlier simulator", () => {
  test("gets in without hello, is never answered, and really fights", async () => {
    const watcher = await join(game, { zone: 1 });
    const guests = await Promise.all([1, 2, 3, 4].map(() => RawClient.connect(game)));
    const spells = [100, 101, 102, 103, 200, 201, 300];
    const attack = {
      type: "combat",
      session_id: 4294967295,
      action: "ATTACK",
      target_session_id: 1_000_001,
      base_damage: 25,
      damage_type: "PHYSICAL",
    };
    // Each its next spell, and its weapon, whenever a spell can be over.
    let turn = 0;
    let dueAt = 0;
    const play = (): void => {
      if (performance.now() < dueAt) return;
      dueAt = performance.now() + 2_100;
      for (const [index, guest] of guests.entries())
        guest.send(attack, cast(spells[(turn + 2 * index) % spells.length]!));
      turn++;
    };
    const isGuest = (id: unknown): boolean => {
      const { model } = modelOf(watcher);
      const entity = model.entities.get(Number(id));
      return entity?.kind === "player" && entity.name === undefined;
    };
    const hurt = (): Message[] =>
      events(watcher, "damage").filter(
        ({ attacker_id, actual_damage }) => isGuest(attacker_id) && Number(actual_damage) > 0,
      );
    await until(() => hurt().length > 3 && hurt().some(({ target_id }) => target_id === 1_000_001), play, PATIENCE_MS);
    const completed = (): Set<unknown> => new Set(events(watcher, "cast_completed").map(({ spell_id }) => spell_id));
    await until(() => completed().has(100) && completed().has(200), play, PATIENCE_MS);
    const interrupt = { type: "spell_cast", session_id: 3, action: "INTERRUPT" };
    const interrupted = (): boolean => events(watcher, "cast_interrupted").some(({ reason }) => reason === "request");
    const castAndInterrupt = (): void => {
      if (performance.now() < dueAt) return;
      dueAt = performance.now() + 100;
      for (const guest of guests) guest.send(cast(300), interrupt);
    };
    await until(interrupted, castAndInterrupt, PATIENCE_MS);
    for (const guest of guests) {
      expect([guest.received, guest.closed]).toEqual([[], false]);
      guest.close();
    }
    expect(modelOf(watcher).problems).toEqual([]);
    watcher.close();
  });

  test("walks from (0, 0, 0) in steps of up to five yards, and is where it said", async () => {
    const watcher = await join(game, { zone: 1 });
    const before = new Set(modelOf(watcher).model.entities.keys());
    const guests = await Promise.all([1, 2].map(() => RawClient.connect(game)));
    const steps = [
      [4, 3],
      [1, 8],
      [-4, 8.5],
      [-8, 4],
    ];
    for (const [x, y] of steps) {
      for (const guest of guests) guest.send({ type: "movement", session_id: 1, position: { x, y, z: 0 } });
    }
    await sees(() =>
      [...modelOf(watcher).model.entities.values()].some(
        (entity) => entity.kind === "player" && !before.has(entity.id) && entity.x === -8 && entity.y === 4,
      ),
    );
    for (const guest of guests) guest.close();
    watcher.close();
  });

  test("is gone from the world when it hangs up, and not before", async () => {
    const watcher = await join(game, { zone: 1 });
    const guests = await Promise.all([1, 2].map(() => RawClient.connect(game)));
    for (const guest of guests) guest.send({ type: "movement", session_id: 1, position: { x: 1, y: 1, z: 0 } });
    const stands = (): number[] =>
      [...modelOf(watcher).model.entities.values()].flatMap(({ id, name, x, y }) =>
        name === undefined && x === 1 && y === 1 ? [id] : [],
      );
    await sees(() => stands().length === 1);
    for (const guest of guests) guest.close();
    await sees(() => stands().length === 0);
    watcher.close();
  });
});

describe("a player who says hello", () => {
  test("is told who it is and what it sees, without mistakes, and is put into zones in turn", async () => {
    const players = [];
    for (let index = 0; index < 4; index++) players.push(await join(game));
    const zones = players.map((player) => Number(player.last("welcome")?.["zone_id"]));
    expect(zones.slice(2)).toEqual(zones.slice(0, 2));
    expect(zones.slice(0, 2).toSorted()).toEqual([1, 2]);
    for (const player of players) {
      const welcome = player.received[0]!;
      expect(welcome).toMatchObject({ type: "welcome", tick_rate_hz: 20, seq: 0 });
      expect(welcome["entity_id"]).toBe(welcome["session_id"]);
      expect(states(player)[0]).toMatchObject({ reset: true, self: { health: expect.any(Number) as number } });
      await sees(() => states(player).length > 20);
      expect(modelOf(player).problems).toEqual([]);
      expect(modelOf(player).model.entities.size).toBeGreaterThan(5);
      player.close();
    }
  });

  test("has its numbered commands acknowledged, is answered pong, and is told why something is refused", async () => {
    const ann = await join(game, { zone: 1 });
    ann.send({ type: "movement", position: { x: 1, y: 0, z: 0 }, seq: 5 }, { type: "ping", t: 12.5 });
    await sees(() => states(ann).some(({ ack }) => ack === 5) && ann.last("pong") !== undefined);
    expect(ann.last("pong")).toMatchObject({ t: 12.5, tick: expect.any(Number) as number });
    ann.send({ type: "combat", action: "ATTACK", target_session_id: 999_999, seq: 6 });
    await sees(() => events(ann, "refused").length > 0);
    expect(events(ann, "refused")[0]).toMatchObject({ reason: "no_such_entity", action: "attack", seq: 6 });
    ann.send({ type: "movement", position: { x: 2, y: 0, z: 0 }, seq: 6 });
    await sees(() => ann.last("error") !== undefined);
    expect(ann.last("error")).toMatchObject({ code: "malformed", message: expect.stringContaining("6") as string });
    expect(ann.closed).toBe(false);
    ann.close();
  });

  test.each(["json", "binary"] as const)(
    "knows what its zone knows, also after its link was lost (%s)",
    async (protocol) => {
      const stats = new ClientStats();
      const options = { host: "127.0.0.1", port: game, name: "Bea", zone: 2, random: Math.random };
      const bea = new GameClient({ ...options, stats, protocol });
      await bea.connect();
      await sameAsZone(bea, { zoneId: 2, controlPort: server.ports.control });
      const { sessionId } = bea;
      for (let step = 0; step < 20; step++) bea.move(step / 10, 0, 0);
      bea.dropLink();
      await sees(() => !bea.isPlaying);
      await sees(() => bea.isPlaying && stats.resumed === 1);
      expect(bea.sessionId).toBe(sessionId);
      await sees(() => bea.pendingActions === 0);
      // None of the twenty was lost with the link, none was applied twice.
      expect(stats).toMatchObject({ actions: 20, acks: 20, lost: 0 });
      expect(stats.refusals.has("replayed")).toBe(false);
      await sameAsZone(bea, { zoneId: 2, controlPort: server.ports.control });
      expect(stats.protocolErrorExamples).toEqual([]);
      await bea.leave();
    },
  );
});

describe("a session whose link is lost", () => {
  const mark = { type: "movement", position: { x: -3, y: 2, z: 0 }, seq: 7 };

  test("is taken up where it was: same player, position, health, numbers", async () => {
    const ann = await join(game, { name: "Ann", zone: 1, class: "Mage" });
    const welcome = ann.last("welcome")!;
    ann.send(mark);
    await sees(() => states(ann).some(({ position }) => position?.x === -3 && position.y === 2));
    ann.abort();
    await sees(() => ann.closed);
    const health = modelOf(ann).model.self?.health;
    const again = await join(game, { resume: welcome["resume"] });
    const other = { tick: expect.any(Number) as number, resume: expect.any(String) as string };
    expect(again.received[0]).toEqual({ ...welcome, seq: 7, ...other });
    expect(again.received[0]?.["resume"]).not.toBe(welcome["resume"]!);
    const [first] = states(again);
    expect(first).toMatchObject({ reset: true, ack: 7, position: { x: -3, y: 2, z: 0 } });
    expect(first?.self?.health).toBe(health!);
    again.send({ ...mark, seq: 7 });
    await sees(() => again.last("error") !== undefined);
    again.send({ ...mark, seq: 8 });
    await sees(() => states(again).some(({ ack }) => ack === 8));
    expect(modelOf(again).problems).toEqual([]);
    again.close();
  });

  test.each([
    ["closes its side only", (client: RawClient) => client.close()],
    [
      "is killed in the middle of a message",
      (client: RawClient) => {
        client.raw('{"type":"movement","posit');
        client.abort();
      },
    ],
  ])("can be taken up when its client %s", async (_, end) => {
    const ann = await join(game, { zone: 1 });
    end(ann);
    await sees(() => ann.closed);
    const again = await join(game, { resume: ann.last("welcome")!["resume"] });
    expect(again.last("welcome")?.["session_id"]).toBe(ann.last("welcome")!["session_id"]!);
    again.close();
  });

  test("is taken over from a client that still holds it, which is told so", async () => {
    const ann = await join(game, { zone: 1 });
    const { resume, session_id } = ann.last("welcome")!;
    const second = await join(game, { resume });
    expect(second.last("welcome")?.["session_id"]).toBe(session_id!);
    await sees(() => ann.closed);
    expect(ann.last("error")).toMatchObject({ code: "taken_over" });
    const third = await join(game, { resume });
    await sees(() => second.closed);
    expect(modelOf(third).problems).toEqual([]);
    third.close();
  });

  test("is not given to one who guesses, nor after bye, and the refused one may begin anew", async () => {
    const ann = await join(game, { zone: 1 });
    const { resume } = ann.last("welcome")!;
    ann.send({ type: "bye" });
    await sees(() => ann.closed);
    const forged = ["", String(resume), `${String(resume).slice(0, -1)}0`, "00000000-0000-0000-0000-000000000000"];
    for (const guess of forged.slice(1)) {
      const mallory = await RawClient.connect(game);
      mallory.send({ type: "hello", v: 1, resume: guess });
      await sees(() => mallory.last("error") !== undefined);
      expect(mallory.last("error")).toMatchObject({ code: "resume_expired" });
      mallory.send({ type: "hello", v: 1 });
      await sees(() => mallory.last("state") !== undefined);
      mallory.close();
    }
  });

  test("ends when nobody comes: its entity leaves the world, and a late resume is refused", async () => {
    await using here = await small({ resumeMsMax: 300 });
    const ann = await join(here.port, { zone: 1, name: "Ann" });
    const bob = await join(here.port, { zone: 1, name: "Bob" });
    const annId = Number(ann.last("welcome")!["entity_id"]);
    await sees(() => modelOf(bob).model.entities.has(annId));
    ann.abort();
    await sees(() => !modelOf(bob).model.entities.has(annId));
    const late = await RawClient.connect(here.port);
    late.send({ type: "hello", v: 1, resume: ann.last("welcome")!["resume"] });
    await sees(() => late.last("error") !== undefined);
    expect(late.last("error")).toMatchObject({ code: "resume_expired" });
    late.close();
    bob.close();
  });
});
