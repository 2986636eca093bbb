// A telemetry feed that speaks at a rate of our choosing, for whoever watches: the server's own feed, with made-up lines of
// a server with some zones, in the shares a busy server has them. A process of its own, told what to do by its arguments:
//
//   bun bench/lib/fake-feed.ts 1000 30        1,000 lines a second for 30 s; its first line of stdout is its port

import { TelemetryCounters } from "../../server/shared/telemetry-counters.ts";
import { Feed } from "../../server/feed/feed.ts";
import { LineEncoder } from "../../server/shared/telemetry-ring-line.ts";
import type { LineKind } from "../../server/shared/telemetry-ring-line.ts";
import { Ring } from "../../server/shared/ring.ts";
import { zoneTickData } from "./telemetry-kinds.ts";

const ZONES = 4;
const TICKS_PER_SECOND = 20;
const TICK_MS = 1_000 / TICKS_PER_SECOND;
/** The server's recorder hands lines on every 25 ms. */
const STEPS_MIN = 2;
/** A receiver's buffer holds some hundreds of lines; what does not fit is lost. */
const LINES_AT_ONCE_MAX = 100;
const RING_BYTES = 1 << 20;

const [linesPerSecond = 1_000, seconds = 30] = process.argv.slice(2).map(Number);
const buffer = Ring.allocate(RING_BYTES);
const ring = new Ring(buffer);
const feed = await Feed.open({
  host: "127.0.0.1",
  port: 0,
  ring: new Ring(buffer),
  counters: new TelemetryCounters(TelemetryCounters.allocate()),
  secret: crypto.getRandomValues(new Uint8Array(32)),
  now: () => performance.now(),
  wallClock: Date.now,
});
process.stdout.write(`${feed.port}\n`);

const lines = new LineEncoder();
const kinds = {
  zone: lines.kind("metric", "zone", "Zone tick completed"),
  loop: lines.kind("metric", "game_loop", "Tick completed"),
  traffic: lines.kind("metric", "gateway", "Traffic"),
  damage: lines.kind("event", "combat", "Damage dealt"),
};
let tick = 0;

/** The lines of a whole tick, as bytes. */
function tickLines(): Uint8Array[] {
  const made: Uint8Array[] = [];
  const say = (kind: LineKind, data: Record<string, unknown>): void => {
    made.push(lines.bytes.slice(0, lines.encode(kind, data, Date.now())));
  };
  for (let zone = 1; zone <= ZONES; zone++) say(kinds.zone, zoneTickData(zone, tick, 0.5 + (tick % 7) / 10));
  say(kinds.loop, { tick, duration_ms: 1 + (tick % 7), overrun: false });
  if (tick % TICKS_PER_SECOND === 0) say(kinds.traffic, { interval_ms: 1_000, in_world: 200, messages: 400 });
  while (made.length < linesPerSecond / TICKS_PER_SECOND) {
    const who = { zone_id: 1 + (made.length % ZONES), attacker_id: made.length, target_id: 1_000_001 };
    say(kinds.damage, { ...who, actual_damage: 42, base_damage: 60, damage_type: "PHYSICAL", target_health: 900 });
  }
  return made;
}

const startedMs = performance.now();
while (performance.now() - startedMs < seconds * 1_000) {
  const made = tickLines();
  const steps = Math.max(STEPS_MIN, Math.ceil(made.length / LINES_AT_ONCE_MAX));
  for (let step = 0; step < steps; step++) {
    await Bun.sleep(Math.max(0, startedMs + (tick + step / steps) * TICK_MS - performance.now()));
    for (const line of made.slice((step * made.length) / steps, ((step + 1) * made.length) / steps)) ring.append(line);
    ring.commit();
    feed.pump();
  }
  tick++;
}
feed.close();
process.exit(0);
