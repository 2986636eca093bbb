// What a nats-server says of itself to whoever connects, before any password: its version and its limits. So a wrongly configured one
// is told with what to change.
//
//   await natsInfo("nats://127.0.0.1:4222")      // { version: "2.9.10", max_payload: 8388608, jetstream: true, ... }
//   problemsOf(info)                             // ["JetStream is off: ..."]

import { z } from "zod";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { PAYLOAD_BYTES_MAX } from "./nats-config.ts";
import { NATS_LEAST } from "./nats-server.ts";

const ANSWER_MS_MAX = 3_000;
const DEFAULT_PORT = 4_222;
const LINE_BYTES_MAX = 65_536;

const Info = z.object({
  version: z.string(),
  max_payload: z.number(),
  jetstream: z.boolean().default(false),
  auth_required: z.boolean().default(false),
  tls_required: z.boolean().default(false),
});
export type NatsInfo = z.infer<typeof Info>;

/** Throws WowsimError("bus_unreachable"). */
export async function natsInfo(url: string, msMax = ANSWER_MS_MAX): Promise<NatsInfo> {
  const { hostname, port } = addressOf(url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${msMax} ms`)), msMax);
  // Whoever waits for it is told; nobody does when there is no connection.
  promise.catch(() => {});
  let said = "";
  try {
    using socket = await Bun.connect({
      hostname,
      port,
      socket: {
        data: (_socket, bytes) => {
          said += bytes.toString("latin1");
          if (said.includes("\n") || said.length > LINE_BYTES_MAX) resolve(said);
        },
        close: () => reject(new Error("it hung up")),
        error: (_socket, error) => reject(error),
      },
    });
    const line = await promise;
    socket.end();
    const json = /^INFO (\{.*\})/.exec(line)?.[1];
    if (json === undefined) throw new Error("it is no nats-server");
    return Info.parse(JSON.parse(json));
  } catch (cause) {
    const message = `No nats-server answers at ${hostname}:${port} (${messageOf(cause)}). Start one with wowsim cluster up, or say where it is with --bus.`;
    throw new WowsimError("bus_unreachable", message, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** What a cluster can not run with, a sentence each with what to change. */
export function problemsOf({ version, max_payload: payload, jetstream }: NatsInfo): string[] {
  const problems: string[] = [];
  if (Bun.semver.order(version.replace(/^v/, ""), NATS_LEAST) < 0)
    problems.push(`It is version ${version}; a cluster needs ${NATS_LEAST} or newer.`);
  if (!jetstream) problems.push("JetStream is off: add jetstream { store_dir: ... } to its configuration.");
  if (payload < PAYLOAD_BYTES_MAX)
    problems.push(
      `It takes messages of ${payload} bytes at most: set max_payload: ${PAYLOAD_BYTES_MAX} in its configuration.`,
    );
  return problems;
}

function addressOf(url: string): { hostname: string; port: number } {
  const { hostname, port } = new URL(url.includes("://") ? url : `nats://${url}`);
  return { hostname, port: port === "" ? DEFAULT_PORT : Number(port) };
}
