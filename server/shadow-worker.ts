// Entry of the worker that runs a module beside the zones on their journal, and then is ended (main/control/shadows.ts). It reads the
// journal and writes nothing. Zones that tick come first: it has a low priority, rests when it makes them slower (main/control/zone-pace.ts),
// and takes a fifth of a core at most. The file lies beside main.ts so that a one-file build finds it.

import { setPriority } from "node:os";
import { messageOf, WowsimError } from "./protocol/errors.ts";
import type { FromShadow, ShadowBegin, ToShadow } from "./shared/shadow-messages.ts";
import { ShadowRun } from "./shadow/shadow-run.ts";

declare const self: Worker;

/**
 * A tenth of a core beside a program that is always busy. With the lowest, 19, it would be a hundredth: then a shadow sees nothing in
 * time on a busy machine, and no deploy can be told from another.
 */
const PRIORITY = 10;

const stop = new AbortController();
const say = (message: FromShadow): void => self.postMessage(message);
let run: ShadowRun | null = null;

self.addEventListener("message", ({ data }: MessageEvent<ToShadow>) => {
  if (data.type === "abort") stop.abort();
  else if (data.type === "pace") run?.keepPace(data.pace);
  else void play(data);
});

async function play(begin: ShadowBegin): Promise<void> {
  try {
    // Only on Linux is 0 this thread; elsewhere it is the whole server.
    if (process.platform === "linux") setPriority(0, PRIORITY);
    run = new ShadowRun(begin, {
      onReport: (report) => say({ type: "report", report }),
      onProgress: (share, doing) => say({ type: "progress", share, doing }),
      signal: stop.signal,
      clock: () => performance.now(),
      cpuMs,
    });
    say({ type: "done", report: await run.play() });
  } catch (error) {
    const code = error instanceof WowsimError ? error.code : "shadow_failed";
    say({ type: "failed", code, message: messageOf(error) });
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
