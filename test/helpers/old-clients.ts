// Clients of the earlier simulator in a zone of this thread, with the standard content: what they send twice a second for some
// ticks, and how their casts fare.
//
//   const played = await playOldClients({ seed: 7, clients: 5, ticks: 2_400 })
//   played.started                    // 197
//   played.share                      // 0.78: completed of those started

import * as abi from "../../assembly/abi.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { OLD_BASE_DAMAGE, OLD_RATE, OLD_TARGET, OldWalk, chooseOldMessage } from "../../tools/client/old-mix.ts";
import { KernelZone, testKernel } from "./kernel-zone.ts";

const TICK_RATE_HZ = 20;
const TICKS_APART = TICK_RATE_HZ / OLD_RATE;
/** How much later than asked a timer calls, in ticks. */
const LATE_TICKS_MAX = 0.04;

interface OldClient {
  id: number;
  random: () => number;
  walk: OldWalk;
  /** Tick of its next message; a fraction. */
  next: number;
}

export interface OldPlay {
  started: number;
  completed: number;
  interrupted: number;
  /** Refused for want of the global cooldown. */
  blocked: number;
  share: number;
}

export async function playOldClients(options: { seed: number; clients: number; ticks: number }): Promise<OldPlay> {
  const { seed, clients, ticks } = options;
  const world = await loadWorld();
  const zone = new KernelZone(await testKernel(), { content: world.content, seed, tickRateHz: TICK_RATE_HZ });
  for (const { entityId, template, x, y } of world.zones[0]?.spawns ?? [])
    zone.command(abi.OP_SPAWN, { a: entityId, x, y, e: template });
  const players = Array.from({ length: clients }, (_, index) => enter(zone, seed, index + 1));
  zone.run();
  const play: OldPlay = { started: 0, completed: 0, interrupted: 0, blocked: 0, share: 0 };
  for (let tick = 0; tick < ticks; tick++) {
    for (const player of players) if (player.next <= tick) send(zone, player);
    zone.run();
    count(zone, play, clients);
  }
  play.share = play.completed / play.started;
  return play;
}

function enter(zone: KernelZone, seed: number, id: number): OldClient {
  const random = seededRandom(seedOf(seed, "old client", id));
  const classIndex = id % zone.content.classes.length;
  zone.command(abi.OP_JOIN, { session: id, flags: abi.JOIN_GUEST, e: classIndex | (10 << 8) });
  return { id, random, walk: new OldWalk(random), next: random() * TICKS_APART };
}

function send(zone: KernelZone, client: OldClient): void {
  const { id, random, walk } = client;
  client.next += TICKS_APART + random() * LATE_TICKS_MAX;
  const message = chooseOldMessage(random);
  if (message.kind === "attack") zone.attack(id, OLD_TARGET, OLD_BASE_DAMAGE);
  else if (message.kind === "cast") zone.cast(id, message.spellId, 0, message.castTicks);
  else {
    const { x, y, z } = walk.step();
    zone.move(id, x, y, z);
  }
}

function count(zone: KernelZone, play: OldPlay, clients: number): void {
  for (const { kind, source } of zone.events) {
    if (source > clients) continue;
    if (kind === "cast_started") play.started++;
    else if (kind === "cast_completed") play.completed++;
    else if (kind === "cast_interrupted") play.interrupted++;
  }
  play.blocked += zone.counter("GCD_BLOCKED");
}
