// Players and small servers for the tests of sessions, and what they wait for.

import { startServer } from "../../server/main.ts";
import type { RunningServer } from "../../server/protocol/server-options.ts";
import type { GatewayLimits } from "../../server/protocol/game/limits.ts";
import type { StateMessage } from "../../tools/client/world-model.ts";
import { WorldModel } from "../../tools/client/world-model.ts";
import { RawClient, until } from "./net.ts";
import type { Message } from "./net.ts";
import { TempFolder } from "./serve-process.ts";

/** To end a broken test; nothing here takes as long. */
export const PATIENCE_MS = 40_000;

export const sees = (isTrue: () => boolean): Promise<void> => until(isTrue, undefined, PATIENCE_MS);

/** A player in the world, who has been told what it sees. */
export async function join(port: number, hello: Message = {}): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send({ type: "hello", v: 1, name: "Ann", ...hello });
  await sees(() => client.last("state") !== undefined);
  return client;
}

export const states = (client: RawClient): StateMessage[] =>
  client.received.filter(({ type }) => type === "state") as unknown as StateMessage[];

export const events = (client: RawClient, event: string): Message[] =>
  client.received.filter((message) => message["type"] === "event" && message["event"] === event);

/** What the client knows now, and what was wrong with what it was told. */
export function modelOf(client: RawClient): { model: WorldModel; problems: string[] } {
  const model = new WorldModel();
  const problems = states(client).flatMap((state) => model.apply(state));
  return { model, problems };
}

/** A counter of /metrics, by its whole name with labels; 0 when it is not there yet. */
export async function metric(http: number, name: string): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
  const line = page.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Waits until something that has to be asked for is so, doing something in between. */
export async function eventually(isTrue: () => Promise<boolean>, between: () => void = () => {}): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error("what the test waited for did not come");
    between();
    await Bun.sleep(2);
  }
}

/** Waits until the counter says 1: a page of metrics may be a moment old. */
export const counted = (http: number, name: string): Promise<void> =>
  eventually(async () => (await metric(http, name)) === 1);

/** A whole server in this process, for limits that would take too long at their true size. */
export interface Small extends AsyncDisposable {
  server: RunningServer;
  port: number;
  http: number;
}

export async function small(
  limits: Partial<GatewayLimits>,
  options: { tickRateHz?: number; guests?: boolean } = {},
): Promise<Small> {
  const folder = new TempFolder();
  const ports = { port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0 };
  const server = await startServer({ ...ports, dataDir: folder.path, limits, ...options });
  return {
    server,
    port: server.ports.game,
    http: server.ports.http,
    async [Symbol.asyncDispose]() {
      await server.stop();
      folder[Symbol.dispose]();
    },
  };
}
