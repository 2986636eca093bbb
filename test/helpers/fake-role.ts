// A zone host or a gateway that plays no game: it takes the flags of the real one, says that it runs, and beats on the bus. For tests
// of what starts and ends a cluster.
//
//   bun test/helpers/fake-role.ts zone-host --bus cluster.json --name a ...
//
// Host a has zone 1, host b zone 2, and so on, with epoch 1; the last one also takes what is left. A host that hears that another is
// gone takes its zone with the next epoch. Where FAKE_ROLE_FAILS is its name, it ends instead.

import { BusNames } from "../../server/bus/subjects.ts";
import { Bus } from "../../server/bus/bus.ts";
import type { HostBeat } from "../../server/bus/wire.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { busOf } from "../../tools/cluster/cluster-file.ts";
import { fail } from "../../tools/ui/output.ts";
import { parentGone } from "../../tools/ui/parent.ts";

const BEAT_MS = 50;
const SILENT_MS = 500;

const [role = "", ...args] = process.argv.slice(2);
const flag = (name: string): string => args[args.indexOf(`--${name}`) + 1] ?? "";
const name = role === "gateway" ? flag("data-dir").split("/").at(-1)! : flag("name");
const names = new BusNames();
const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

if (process.env["FAKE_ROLE_FAILS"] === name) {
  fail(new WowsimError("no_luck", `${role} ${name} does not want to.`));
  process.exit();
}
const place = busOf(flag("bus"), role === "gateway" ? "gateway" : "host");
const bus = await Bus.connect({ ...place, name });
if (role === "gateway") playGateway();
else await playHost();
process.on("SIGTERM", () => process.exit(0));
void parentGone().then(() => process.exit(1));

function playGateway(): void {
  const port = Number(flag("port")) || 40_000 + Number(name);
  const beat = { gateway: Number(name), pid: process.pid, sessions: 0, game: port, http: port + 1 };
  setInterval(() => bus.publish(names.gatewayBeat(beat.gateway), bytes(beat)), BEAT_MS);
  console.log(JSON.stringify({ ready: true, ...beat }));
}

async function playHost(): Promise<void> {
  const world = await loadWorld(flag("world"));
  const own = name.charCodeAt(0) - 96;
  const owned = new Map<number, number>();
  const heard = new Map<string, { atMs: number; beat: HostBeat }>();
  bus.subscribe(names.hostBeat("*"), (_subject, said) => {
    const beat = JSON.parse(new TextDecoder().decode(said)) as HostBeat;
    heard.set(beat.host, { atMs: performance.now(), beat });
  });
  for (const { id } of world.zones) if (id === own) owned.set(id, 1);
  setInterval(() => {
    for (const [other, { atMs, beat }] of heard) {
      if (performance.now() - atMs < SILENT_MS) continue;
      for (const { zone, epoch } of beat.zones) owned.set(zone, epoch + 1);
      heard.delete(other);
    }
    const zones = [...owned].map(([zone, epoch]) => ({ zone, epoch, tick: 1, state: "ACTIVE", players: 0, lagMs: 0 }));
    bus.publish(names.hostBeat(name), bytes({ host: name, pid: process.pid, load: 0.1, zones }));
  }, BEAT_MS);
  console.log(JSON.stringify({ ready: true, pid: process.pid }));
}
