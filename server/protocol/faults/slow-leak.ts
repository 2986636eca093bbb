// A slow leak: every `increment_every` ticks the tick becomes a little longer and a little more memory is held, as long as
// the fault lasts. No single tick looks wrong, but the trend does.

import { defineFault } from "./fault.ts";
import { HeldMemory } from "./held-memory.ts";

const HELD_BYTES_PER_INCREMENT = 2 ** 19;
/** Upper limits of pause and memory, so that a long drill ends with a slow server and not with a dead one. */
const PAUSE_MS_MAX = 5_000;
const HELD_BYTES_MAX = 2 ** 28;

export const slowLeak = defineFault({
  id: "slow-leak",
  title: "makes ticks slower and holds more memory, step by step",
  family: "timing",
  mode: "tick_scoped",
  effects: ["paused_ms", "held_bytes"],
  params: {
    increment_ms: { min: 1, max: 1_000, default: 1, description: "milliseconds added at each increment" },
    increment_every: { min: 1, max: 12_000, default: 100, description: "ticks from one increment to the next" },
  },
  zone(context, { increment_ms, increment_every }) {
    const held = new HeldMemory();
    let ticks = 0;
    let pauseMs = 0;
    return {
      beforeStep() {
        ticks++;
        if (ticks % increment_every === 0) {
          pauseMs = Math.min(pauseMs + increment_ms, PAUSE_MS_MAX);
          if (held.bytes < HELD_BYTES_MAX) {
            held.take(HELD_BYTES_PER_INCREMENT);
            context.did("held_bytes", HELD_BYTES_PER_INCREMENT);
          }
        }
        if (pauseMs === 0 || !context.strikes()) return;
        context.pause(pauseMs);
        context.affected();
      },
      dispose: () => held.release(),
    };
  },
});
