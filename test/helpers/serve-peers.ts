// Who and what meets a `wowsim serve` in its tests: players, ports that are taken, commands of the tools.

import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { join } from "node:path";
import { RawClient, until } from "./net.ts";

/** A tick of the longest that latency-spike can make it. */
export const DRAWN_OUT_MS = 5_000;

/** A player in the world who is told things. */
export async function player(port: number, name = "Ann"): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send({ type: "hello", v: 1, name });
  await until(() => client.last("state") !== undefined);
  return client;
}

/** A command of the tools, with no token but those of `env`: its exit code, and all it said. */
export async function run(env: Record<string, string>, ...words: string[]): Promise<[code: number, said: string]> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../server/wowsim.ts"), ...words], {
    env: { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return [await child.exited, out + err];
}
export const command = join(import.meta.dir, "../../server/wowsim.ts");

export async function firstLineOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}

/** A player who reads, but never closes its side of the connection. */
export async function stubbornPlayer(port: number): Promise<{ told: string }> {
  const client = { told: "" };
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("data", (bytes) => {
    client.told += bytes.toString();
  });
  socket.on("error", () => {});
  socket.write('{"type":"hello","v":1}\n');
  await until(() => client.told.includes('"type":"state"'));
  return client;
}

/** Takes a port of the kind; closed when disposed. */
export async function takePort(
  kind: "game" | "control" | "http" | "telemetry",
): Promise<{ port: number; close(): void }> {
  if (kind !== "telemetry") {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    return { port: listener.port, close: () => listener.stop(true) };
  }
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => socket.close() };
}

/** Something with an end, for `await using`. */
export function wrapped<T extends { close(): void } | Disposable>(thing: T): T & AsyncDisposable {
  return Object.assign(thing, {
    async [Symbol.asyncDispose](): Promise<void> {
      if ("close" in thing) thing.close();
      else thing[Symbol.dispose]();
    },
  });
}
