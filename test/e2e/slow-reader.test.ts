// A player whose client stops reading in the middle of a fight and later reads on, over a real socket: it is not told all it
// missed but how things are, and knows from then on what its zone knows.

import { expect, setDefaultTimeout, test } from "bun:test";
import { startServer } from "../../server/main.ts";
import { ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import { writeClientMessage } from "../../tools/client/binary-messages.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import type { Protocol } from "../../tools/client/wire.ts";
import { until } from "../helpers/net.ts";
import { Relay } from "../helpers/relay.ts";
import { sameAsZone } from "../helpers/same-as-zone.ts";
import { TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(60_000);
const PATIENCE_MS = 30_000;
const TICK_MS = 50;

const sees = (isTrue: () => boolean, between?: () => void): Promise<void> => until(isTrue, between, PATIENCE_MS);

/** Enough questions with long answers that what the system buffers, some megabytes, is full before long. */
function questions(protocol: Protocol): Uint8Array {
  const creatures = Array.from({ length: 64 }, () => 5);
  if (protocol === "json") return Buffer.from(`${JSON.stringify({ type: "names", creatures })}\n`.repeat(100));
  const writer = new ByteWriter(512);
  for (let count = 0; count < 100; count++) writeClientMessage({ kind: "names", creatures }, writer);
  return writer.bytes.slice(0, writer.length);
}

test.each(["binary", "json"] as const)(
  "in %s it skips to the newest state, and is consistent afterwards",
  async (protocol) => {
    using folder = new TempFolder();
    const limits = {
      messagesPerSecondMax: 1_000_000,
      messagesBurstMax: 1_000_000,
      outboxBytesMax: 2 ** 20,
      slowReaderMsMax: PATIENCE_MS * 2,
    };
    const ports = { port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0 };
    const server = await startServer({ ...ports, dataDir: folder.path, limits });
    await using ending = new AsyncDisposableStack();
    ending.defer(() => server.stop());
    const { game: port, control: controlPort, http } = server.ports;
    const fighters = await Swarm.start({ host: "127.0.0.1", port, count: 10, rate: 5, seed: 1, zone: 1 });
    ending.defer(() => fighters.stop());
    const dropped = async (): Promise<number> => {
      const page = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
      return Number(/^wowsim_gateway_frames_dropped_total (\d+)$/m.exec(page)?.[1] ?? 0);
    };

    await using relay = await Relay.to(port);
    const stats = new ClientStats();
    const options = { host: "127.0.0.1", port: relay.port, name: "Slow", zone: 1, random: Math.random };
    const slow = new GameClient({ ...options, stats, protocol });
    await slow.connect();
    const blows = (): number => stats.eventsByName.get("damage") ?? 0;
    await sees(() => blows() > 3);

    relay.holdUp();
    // Not more in a tick than the server is ready to keep: it shall be the system's buffers that are full.
    const asked = questions(protocol);
    const asking = setInterval(() => {
      if (relay.waitingBytes === 0) relay.inject(asked);
    }, TICK_MS);
    ending.defer(() => clearInterval(asking));
    const giveUpAt = performance.now() + PATIENCE_MS;
    while ((await dropped()) === 0) {
      if (performance.now() > giveUpAt) throw new Error("It did not fall behind.");
      await Bun.sleep(TICK_MS);
    }
    const { tick: stoppedAt } = slow.world;
    const [statesBefore, blowsBefore] = [stats.states, blows()];
    const newestTick = (): number => Math.max(...fighters.clients.map(({ world }) => world.tick));
    const fellBehindAt = newestTick();
    await sees(() => newestTick() > fellBehindAt + 40);

    clearInterval(asking);
    relay.letGo();
    const newest = newestTick();
    await sees(() => slow.world.tick > newest && blows() > blowsBefore);
    // Of the forty ticks after it had fallen behind it was told none.
    expect(stats.states - statesBefore).toBeLessThan(slow.world.tick - stoppedAt - 30);
    await sameAsZone(slow, { zoneId: 1, controlPort });
    slow.move(1, 1, 0);
    await sees(() => slow.pendingActions === 0);
    const { protocolErrorExamples, drops, acks, lost } = stats;
    expect({ protocolErrorExamples, drops, acks, lost }).toEqual({
      protocolErrorExamples: [],
      drops: 0,
      acks: 1,
      lost: 0,
    });
    await slow.leave();
  },
);
