// A real server whose zone workers end when it is told to: started as a process by what wants to see that from outside.
//
//   > bun test/helpers/mortal-server.ts {"dataDir":"/tmp/x","tickRateHz":5}
//   < {"game":40123,"control":40124,"http":40125,"telemetry":40126}
//   > end wasm 0 5000000000        on stdin: the first worker that was made hangs where nobody can end it, for so many rounds
//
// SIGTERM stops it in order, and so does the end of stdin.

import { createInterface } from "node:readline";
import { startServer } from "../../server/main.ts";
import type { ServerOptions } from "../../server/protocol/server-options.ts";
import { endBy, mortalWorkers } from "./mortal-workers.ts";
import type { End } from "./mortal-workers.ts";

const { newWorker, made } = mortalWorkers();
const options = JSON.parse(process.argv[2] ?? "{}") as Partial<ServerOptions> & { dataDir: string };
const anyPorts = { port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0 };
const server = await startServer({ ...anyPorts, ...options, newZoneWorker: newWorker });

async function stop(): Promise<void> {
  await server.stop();
  process.exit(0);
}
process.on("SIGTERM", () => void stop());

console.log(JSON.stringify(server.ports));
for await (const line of createInterface({ input: process.stdin })) {
  const [command, how, index, loops] = line.split(" ");
  // Of a place's workers the newest is alive; they are made in turn, so the test says which.
  const more = loops === undefined ? {} : { loops: Number(loops) };
  if (command === "end") made.at(Number(index))?.postMessage(endBy(how as End, more));
}
await stop();
