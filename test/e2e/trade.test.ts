// Two players on real sockets, one in JSON lines and one in the binary encoding, get gold from kills and trade it: what each
// client is told is what the server has, and no lie about a trade gets anybody anything.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { Bot } from "../../tools/client/bot.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { acceptOf, cancelOf, GOLD, offerTo } from "../../tools/client/trades.ts";
import type { Goods, TradeWords } from "../../tools/client/trades.ts";
import type { GameEvent, Protocol } from "../../tools/client/wire.ts";
import { until } from "../helpers/control-live.ts";
import { TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(120_000);
/** Kobolds that carry gold, each alone, and nobody else. */
const WORLD = `name = "Mine"
[[zone]]
id = 1
name = "Mine"
pack = [{ kind = "Kobold Laborer", count = 3, x = 0, y = 0, radius_yd = 40 }]
`;
const folder = new TempFolder();
let server: ServerChild;
let json: Player;
let binary: Player;

beforeAll(async () => {
  const world = join(folder.path, "mine.toml");
  writeFileSync(world, WORLD);
  server = await startServerChild({ world });
  json = await Player.enter("json");
  binary = await Player.enter("binary");
  for (const player of [json, binary]) await player.earn();
}, 120_000);
afterAll(async () => {
  await Promise.all([json, binary].map((player) => player?.client.leave()));
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

class Player {
  readonly events: GameEvent[] = [];
  readonly client: GameClient;

  private constructor(protocol: Protocol, secret?: string) {
    this.client = new GameClient({
      host: "127.0.0.1",
      port: server.ports.game,
      name: secret === undefined ? `Trader ${protocol}` : "Keeper",
      ...(secret === undefined ? {} : { secret }),
      protocol,
      playerClass: "Mage",
      random: () => 0.5,
      stats: new ClientStats(),
      onEvent: (event) => this.events.push(event),
    });
  }

  /** With a secret: a character, which persists. */
  static async enter(protocol: Protocol, secret?: string): Promise<Player> {
    const player = new Player(protocol, secret);
    await player.client.connect();
    return player;
  }

  get id(): number {
    return this.client.entityId;
  }

  get gold(): number {
    return this.client.world.inventory.get(GOLD) ?? 0;
  }

  /** Fights until it has some gold. */
  async earn(): Promise<void> {
    const bot = new Bot(this.client, () => 0.5);
    let at = 0;
    await until("it has got gold", () => {
      if (performance.now() - at > 200) bot.act((at = performance.now()));
      return this.gold > 0;
    });
    this.client.stopAttack();
  }

  /** Does it, and waits for what it is told of it: a refusal's reason or a trade's outcome. */
  async trade(words: TradeWords): Promise<string> {
    const from = this.events.length;
    const told = () =>
      this.events
        .slice(from)
        .find(({ event, action }) => event === "trade" || (event === "refused" && action === words.kind));
    this.client.trade(words);
    await until(`it is told of its ${words.kind}`, () => told() !== undefined);
    return String(told()?.["reason"] ?? told()?.["outcome"]);
  }

  /** The newest offer made to it. */
  async offered(): Promise<number> {
    const offers = () =>
      this.events.filter(({ outcome, partner_id }) => outcome === "offered" && partner_id === this.id);
    await until("it is made an offer", () => offers().length > 0);
    return Number(offers().at(-1)?.["offer_id"]);
  }

  forget(): void {
    this.events.length = 0;
  }
}

const gold = (count: number): Goods[] => [{ item: GOLD, count }];

/** They stand together, alive, and know nothing of earlier offers. */
async function meet(): Promise<void> {
  for (const player of [json, binary]) {
    await until(`${player.client.options.name} is alive`, () => {
      if (player.client.world.self?.health === 0) player.client.release();
      return (player.client.world.self?.health ?? 0) > 0;
    });
    player.forget();
  }
  await until("they stand together", () => {
    for (const { client } of [json, binary]) client.move(0, 0, 0);
    const seen = [json.client.world.entities.get(binary.id), binary.client.world.entities.get(json.id)];
    return seen.every((other) => other !== undefined && Math.hypot(other.x, other.y) < 3);
  });
}

async function metric(name: string): Promise<number[]> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.http}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => Number(line.split(" ").at(-1)));
}

/** The audit has looked once more, and holds what the two clients hold. */
async function audited(): Promise<void> {
  await until("the audit counts what the clients know", async () => {
    const [held = -1] = await metric("wowsim_gold_held");
    return held === json.gold + binary.gold;
  });
  expect(await metric("wowsim_items_unaccounted")).toEqual([0]);
}

test.each<[string, () => [Player, Player]]>([
  ["JSON offers, binary accepts", () => [json, binary]],
  ["binary offers, JSON accepts", () => [binary, json]],
])("%s: both are told the same, and both have changed", async (_, who) => {
  await meet();
  const [maker, partner] = who();
  const [before, partnerBefore] = [maker.gold, partner.gold];
  expect(await maker.trade(offerTo(partner.id, gold(1)))).toBe("offered");
  expect(await partner.trade(acceptOf(maker.id, await partner.offered()))).toBe("done");
  await until("both hold what was agreed", () => maker.gold === before - 1 && partner.gold === partnerBefore + 1);
  await until("the maker is told", () => maker.events.some(({ outcome }) => outcome === "done"));
  const [mine, theirs] = [maker, partner].map(({ events }) => events.find(({ outcome }) => outcome === "done"));
  expect(mine).toEqual(theirs!);
  expect(mine).toMatchObject({ maker_id: maker.id, partner_id: partner.id, gives: gold(1), wants: [] });
  await audited();
});

test("an offer that was changed is not accepted by mistake, a declined one not at all, and none twice", async () => {
  await meet();
  await binary.trade(offerTo(json.id, gold(1)));
  const first = await json.offered();
  json.forget();
  await binary.trade(offerTo(json.id, [], gold(1)));
  const second = await json.offered();
  const before = json.gold;
  json.forget();
  expect(await json.trade(acceptOf(binary.id, first))).toBe("no_such_offer");
  expect(await json.trade(acceptOf(binary.id, second))).toBe("done");
  expect(await json.trade(acceptOf(binary.id, second))).toBe("no_such_offer");
  await until("it has paid once", () => json.gold === before - 1);
  json.forget();
  await binary.trade(offerTo(json.id, gold(1)));
  const third = await json.offered();
  json.forget();
  expect(await json.trade(cancelOf(binary.id, third))).toBe("declined");
  expect(await json.trade(acceptOf(binary.id, third))).toBe("no_such_offer");
  await audited();
});

test.each<[string, (me: Player, other: Player) => TradeWords, string]>([
  ["more than one holds", (me, other) => offerTo(other.id, gold(me.gold + 1)), "not_held"],
  ["an item one does not hold", (_, other) => offerTo(other.id, [{ item: 11, count: 20 }]), "not_held"],
  ["an item that there is not", (_, other) => offerTo(other.id, [{ item: 63, count: 1 }]), "bad_command"],
  ["nothing for nothing", (_, other) => offerTo(other.id, []), "bad_command"],
  ["gold for gold", (_, other) => offerTo(other.id, gold(1), gold(1)), "bad_command"],
  ["more than there can be", (_, other) => offerTo(other.id, gold(0xff_ffff)), "bad_command"],
  ["something to itself", (me) => offerTo(me.id, gold(1)), "invalid_target"],
  ["something to a creature", () => offerTo(1_100_001, gold(1)), "invalid_target"],
  ["something to nobody", () => offerTo(4_000_000_000, gold(1)), "no_such_entity"],
])("nobody can offer %s", async (_, words, reason) => {
  await meet();
  for (const [me, other] of [
    [json, binary],
    [binary, json],
  ] as const) {
    me.forget();
    const held = me.gold;
    expect(await me.trade(words(me, other))).toBe(reason);
    expect(me.gold).toBe(held);
  }
});

test("a character comes back with what it was given", async () => {
  await meet();
  const keeper = await Player.enter("binary", "open sesame");
  await until("it sees the giver", () => keeper.client.world.entities.has(json.id));
  const before = json.gold;
  expect(await json.trade(offerTo(keeper.id, gold(1)))).toBe("offered");
  expect(await keeper.trade(acceptOf(json.id, await keeper.offered()))).toBe("done");
  await until("both hold what was agreed", () => keeper.gold === 1 && json.gold === before - 1);
  await keeper.client.leave();
  const again = await Player.enter("json", "open sesame");
  await until("it has its gold again", () => again.gold === 1);
  await again.client.leave();
  await audited();
});

test("no client was told anything it could not follow", () => {
  for (const { client } of [json, binary])
    expect([client.stats.protocolErrors, client.stats.protocolErrorExamples]).toEqual([0, []]);
});
