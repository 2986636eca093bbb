// A player walks through portals of a real server, over a real socket, while both zones crash again and again: what is
// theirs goes along, the audit finds nobody twice, and no socket is closed.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import type { Protocol } from "../../tools/client/wire.ts";
import { until } from "../helpers/control-live.ts";

let server: ServerChild;
beforeAll(async () => {
  server = await startServerChild({ world: "server/protocol/content/worlds/crossroads.toml" });
}, 120_000);
afterAll(() => server[Symbol.asyncDispose]());

const SHIELD = 141;

async function walker(protocol: Protocol): Promise<GameClient> {
  const client = new GameClient({
    host: "127.0.0.1",
    port: server.ports.game,
    name: "Walker",
    protocol,
    zone: 1,
    playerClass: "Priest",
    random: () => 0.5,
    stats: new ClientStats(),
  });
  await client.connect();
  return client;
}

/** Walks into the portal it was told of, until it is in another zone and has been told what it sees there. */
async function cross(client: GameClient): Promise<void> {
  const from = client.zoneId;
  await until(`it leaves zone ${from}`, () => {
    const [portal] = client.portals;
    if (client.zoneId === from) client.move(portal!.x, portal!.y, 0);
    return client.zoneId !== from;
  });
  await until("it sees the other zone", () => client.world.self !== null);
}

test.each(["json", "binary"] as const)(
  "to and fro in %s, with zones that crash, and everything that is theirs",
  async (protocol) => {
    const client = await walker(protocol);
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    await control.ask({ command: "activate", fault_id: "zone-trap", params: { every_ticks: 12 } });
    client.cast(SHIELD);
    await until(
      "the cast has cost something",
      () => (client.world.self?.power ?? 0) < (client.world.self?.max_power ?? 0),
    );
    const { sessionId } = client;
    for (let trip = 0; trip < 4; trip++) {
      const power = client.world.self?.power ?? 0;
      await cross(client);
      const self = client.world.self!;
      expect(client.zoneId).toBe(trip % 2 === 0 ? 2 : 1);
      expect(client.portals).toEqual([
        { to: trip % 2 === 0 ? 1 : 2, x: trip % 2 === 0 ? -20 : 20, y: 0, radius_yd: 5 },
      ]);
      expect(self.power).toBeGreaterThanOrEqual(power);
      await until("it knows what became of each of its actions", () => client.pendingActions === 0);
    }
    await control.ask({ command: "deactivate_all" });
    expect(client.sessionId).toBe(sessionId);
    const { acks, busy, lost, actions } = client.stats;
    expect(acks + busy + lost).toBe(actions);
    const { drops, resumed, restarted, protocolErrors, protocolErrorExamples } = client.stats;
    expect({ drops, resumed, restarted, protocolErrors, protocolErrorExamples }).toEqual({
      drops: 0,
      resumed: 0,
      restarted: 0,
      protocolErrors: 0,
      protocolErrorExamples: [],
    });
    const lines = await Array.fromAsync(server.telemetry());
    const traps = lines.filter(({ message }) => message === "Zone recovered");
    expect(new Set(traps.map(({ data }) => data["zone_id"]))).toEqual(new Set([1, 2]));
    expect(lines.filter(({ message }) => message === "Entity in more than one zone")).toEqual([]);
    expect(lines.filter(({ message }) => message === "Invalid state transition attempted")).toEqual([]);
    await client.leave();
  },
  120_000,
);
