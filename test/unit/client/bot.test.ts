// What a bot does, turn by turn, and why; decided by functions of what it knows, carried out on a client that notes it down.

import { describe, expect, test } from "bun:test";
import { loadContent } from "../../../server/protocol/content/load.ts";
import { playAlone } from "../../../tools/client/behaviours/alone.ts";
import { Bot } from "../../../tools/client/bot.ts";
import { SpellBook } from "../../../tools/client/spell-book.ts";
import type { GameClient } from "../../../tools/client/game-client.ts";
import type { KnownEntity, SelfState } from "../../../tools/client/world-model.ts";
import { fireball, heal, self, view, wolf } from "../../helpers/view.ts";

describe("alone, it", () => {
  test("casts at the nearest creature within range", () => {
    const seen = view({ spells: [fireball] }, wolf(7, 30), wolf(8, 20));
    expect(playAlone(seen)).toEqual({ do: "cast", spell: 200, target: 8 });
  });

  test("goes on with what it fights, though another is nearer", () => {
    const seen = view({ spells: [fireball], prey: 7 }, wolf(7, 30), wolf(8, 20));
    expect(playAlone(seen)).toMatchObject({ target: 7 });
  });

  test.each([
    ["dead", { health: 0, flags: ["dead"] }],
    ["on its way home", { flags: ["evading"] }],
    ["a phantom", { flags: ["phantom"] }],
    ["a player", { kind: "player" as const }],
  ])("leaves alone who is %s", (_name, more) => {
    const seen = view({ spells: [fireball] }, wolf(7, 30, more));
    expect(playAlone(seen)).toMatchObject({ do: "walk", x: 10, y: 0 });
  });

  test("walks into its spells' range, no nearer", () => {
    expect(playAlone(view({ spells: [fireball] }, wolf(7, 50)))).toEqual({ do: "walk", x: 50, y: 0, stopAt: 28 });
  });

  test("without spells walks up and strikes", () => {
    expect(playAlone(view({}, wolf(7, 50)))).toEqual({ do: "walk", x: 50, y: 0, stopAt: 2 });
    expect(playAlone(view({}, wolf(7, 3)))).toEqual({ do: "attack", target: 7 });
  });

  test("while it can do nothing better it goes round what it fights, at the same distance", () => {
    const action = playAlone(view({ attacking: 7 }, wolf(7, 3)));
    if (action.do !== "walk") throw new Error(`it did ${action.do}`);
    expect(Math.hypot(action.x - 3, action.y)).toBeCloseTo(3);
    expect(Math.hypot(action.x, action.y)).toBeGreaterThan(0.5);
  });

  test("waits for the global cooldown", () => {
    const seen = view({ spells: [fireball], self: { ...self, gcd_end_tick: 101 } }, wolf(7, 20));
    expect(playAlone(seen).do).toBe("walk");
  });

  test("heals itself when hurt, and not before", () => {
    expect(playAlone(view({ spells: [heal] })).do).toBe("walk");
    expect(playAlone(view({ spells: [heal], self: { ...self, health: 50 } }))).toEqual({
      do: "cast",
      spell: 103,
      target: 1,
    });
  });

  test("comes back when it has gone far", () => {
    expect(playAlone(view({ position: { x: 80, y: 0, z: 0 } }))).toMatchObject({ do: "walk", x: 70 });
  });
});

/** A client that notes down what it is made to do. */
function notingClient(known: Partial<SelfState>, ...entities: KnownEntity[]) {
  const did: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): boolean => {
      did.push([name, ...args]);
      client.lastSeq++;
      return true;
    };
  const client = {
    isPlaying: true,
    entityId: 1,
    position: { x: 0, y: 0, z: 0 },
    spells: [fireball],
    playerClass: "Mage",
    tickRateHz: 20,
    lastSeq: 0,
    ackedSeq: 0,
    world: {
      self: { ...self, ...known },
      tick: 100,
      entities: new Map(entities.map((entity) => [entity.id, entity])),
      inventory: new Map(),
    },
    look: () => {},
    move: note("move"),
    cast: note("cast"),
    attack: note("attack"),
    stopAttack: note("stopAttack"),
    release: note("release"),
  };
  return { client, did, bot: new Bot(client as unknown as GameClient, () => 0) };
}

describe("each turn is one action", () => {
  test("out of the world it is none", () => {
    const { client, did, bot } = notingClient({});
    client.isPlaying = false;
    expect(bot.act(0)).toBe(false);
    expect(did).toEqual([]);
  });

  test("it does not move from asking for a cast until that is over", () => {
    const { client, did, bot } = notingClient({}, wolf(7, 20));
    bot.act(0);
    bot.act(10);
    client.ackedSeq = 1;
    client.world.self.cast_spell_id = 200;
    client.world.self.cast_end_tick = 130;
    bot.act(20);
    expect(did).toEqual([["cast", 200, 7], ["stopAttack"], ["stopAttack"]]);
    client.world.tick = 130;
    bot.act(30);
    expect(did.at(-1)).toEqual(["cast", 200, 7]);
  });

  test("a cast that went down with its link is not waited for", () => {
    const { client, did, bot } = notingClient({}, wolf(7, 20));
    client.lastSeq = 5;
    bot.act(0);
    client.lastSeq = 0;
    bot.act(10);
    expect(did).toEqual([
      ["cast", 200, 7],
      ["cast", 200, 7],
    ]);
  });

  test("a spell that was refused for its cooldown is left alone for a while", () => {
    const { client, did, bot } = notingClient({}, wolf(7, 20));
    bot.act(0);
    client.ackedSeq = 1;
    const refused = { action: "cast", reason: "on_cooldown", subject_id: 200 };
    bot.onEvent({ type: "event", event: "refused", tick: 100, ...refused });
    bot.act(100);
    expect(did.at(-1)?.[0]).toBe("move");
    client.world.tick = 140;
    bot.act(2_100);
    expect(did.at(-1)).toEqual(["cast", 200, 7]);
  });

  test("a spell with a cooldown is not asked for before that is over", () => {
    const blast = { id: 100, name: "Fire Blast", effect: "damage", range_yd: 30 };
    const book = new SpellBook(loadContent());
    const { client, did } = notingClient({}, wolf(7, 20));
    client.spells = [blast];
    const bot = new Bot(client as unknown as GameClient, () => 0, playAlone, book);
    const casts = () => did.filter(([name]) => name === "cast").length;
    for (let turn = 0; turn < 4; turn++) {
      bot.act(turn * 500);
      client.ackedSeq = client.lastSeq;
    }
    expect(casts()).toBe(1);
    client.world.tick += 20 * 8 + 3;
    bot.act(10_000);
    expect(casts()).toBe(2);
  });

  test("dead, it asks to be revived once a second and lies still in between", () => {
    const { did, bot } = notingClient({ health: 0 }, wolf(7, 20));
    for (const at of [0, 400, 800, 1_200]) bot.act(at);
    expect(did.map(([name]) => name)).toEqual(["release", "stopAttack", "stopAttack", "release"]);
  });

  test("it walks no faster than it can run", () => {
    const { client, did, bot } = notingClient({});
    bot.act(1_000);
    bot.act(1_500);
    const [, x = 0] = did[1] as [string, number];
    expect(x).toBeCloseTo(3.5);
    expect(client.lastSeq).toBe(2);
  });
});
