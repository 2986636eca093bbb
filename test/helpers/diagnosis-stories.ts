// Made-up telemetry of one trouble each, for the tests of the diagnosis.

import { diagnose } from "../../tools/analysis/diagnosis.ts";
import type { Diagnosis } from "../../tools/analysis/diagnosis.ts";
import { Story } from "./telemetry-story.ts";
import type { Plot } from "./telemetry-story.ts";

export type Numbers = Record<string, number>;

export const causes = (story: Story): string[] => diagnose(story.timeline).map(({ cause }) => cause);

export function first(story: Story): Diagnosis {
  const [best] = diagnose(story.timeline);
  if (best === undefined) throw new Error("There is no diagnosis.");
  return best;
}

export const evidence = (story: Story): string => first(story).evidence.join("\n");

/** Ticks that take so much longer, outside the kernel. */
export const heldUp = (ms: number): Plot => ({ tick: (data) => ({ duration_ms: data["duration_ms"]! + ms }) });

export const flooded = (commands: number): Plot => ({
  tick: (data) => ({ events_processed: commands, fuel_used: data["fuel_used"]! + commands * 3 }),
});

export const process = (change: (data: Numbers, second: number) => Numbers): Plot => ({ process: change });

/** Ticks that get slower by a step every so many ticks, and memory with them. */
export const leak = (stepMs: number, everyTicks: number, mb = 0.5): Plot => ({
  tick: (data, n) => ({ duration_ms: data["duration_ms"]! + stepMs * Math.floor(n / everyTicks) }),
  process: (data, second) => ({ rss_mb: data["rss_mb"]! + (mb * second * 20) / everyTicks }),
});

/** The process holds so much more, outside the heap proper. */
export const held = (mb: number): Plot =>
  process((data) => ({
    rss_mb: data["rss_mb"]! + mb,
    heap_mb: data["heap_mb"]! + mb,
    external_mb: data["external_mb"]! + mb,
  }));

/** Zone 1 is silent; zone 2 has so many players. */
export const gone = (players: number): Plot => ({ zones: [2], tick: () => ({ players }) });

/** Another kernel, that burns so many times the fuel. */
export const swapped = (fuelRatio: number, of = [1]): Plot => ({
  of,
  tick: (data) => ({ kernel: "fedcba9876543210", fuel_used: data["fuel_used"]! * fuelRatio }),
});

/** Some players lose their links at once, in the middle of the next second. */
export function lose(story: Story, sessions: number, reason = "link_lost"): void {
  for (let id = 1; id <= sessions; id++) {
    story.say("event", "game_server", "Client disconnected", { session_id: id, zone_id: 1 + (id % 2), reason }, 500);
  }
}

export function except(story: Story, zone: number, tick: number, error: string, op = 96): void {
  const named = { zone_id: zone, zone_name: `Zone ${zone}`, tick };
  story.say("error", "zone", "Zone tick exception", { ...named, error, op });
  story.say("event", "zone", "Command quarantined", { ...named, session_id: 0, op, seq: 0 });
  story.say("event", "zone", "Zone recovered", { ...named, recovery_ms: 2, replayed_ticks: 5, rung: "quarantine" });
}

export function goDown(story: Story, zone: number): void {
  const data = { zone_id: zone, from_state: "CRASHED", to_state: "DOWN", reason: "24 recoveries in 200 ticks" };
  story.say("event", "zone", "Zone state changed", data);
}

/** One exception every so many ticks, from tick 200 on. */
export function trapEvery(story: Story, every: number, count: number, each: () => void): void {
  for (let n = 0; n < count; n++) {
    except(story, 1, 200 + n * every, "kernel trap: unreachable");
    story.advance(50 * every, { tick: () => ({ recoveries: n + 1 }) });
    each();
  }
}

/** Nothing for so long; then what comes once a second says how late it is, and ticks that were missed are given up. */
export const stopped = (story: Story, ms: number): Story => {
  story.atMs += ms;
  const missed = Math.round(ms / 50);
  return story.seconds(1, {
    tick: () => ({ missed_ticks: missed }),
    traffic: () => ({ interval_ms: 1_000 + ms }),
  });
};

/** As it is once ticks were given up. */
export const given: Plot = { tick: () => ({ missed_ticks: 50 }) };

/** Every fourth tick comes late. */
export const inFits = (ms: number): Pick<Plot, "jitter"> => ({ jitter: (n) => (n % 4 === 0 ? ms : 0) });

/** Who takes the processors, by the process's own word. */
export const taken = (wait: number | null, busy = 2, ours = 0.06): Plot => ({
  process: () => ({ cpu_wait_share: wait, machine_busy: busy, machine_cores: 2, cpu_share: ours }),
});
