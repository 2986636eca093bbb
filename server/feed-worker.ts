// The feed thread. It owns the UDP socket, so that a flood of datagrams slows down only the feed (feed/feed.ts). It sends
// whenever the recorder has put lines into its ring.

import { messageOf, WowsimError } from "./protocol/errors.ts";
import { FullCollection } from "./shared/full-collection.ts";
import { Secret } from "./shared/secret.ts";
import { TelemetryCounters } from "./shared/telemetry-counters.ts";
import { Feed } from "./feed/feed.ts";
import type { FeedStart, FromTelemetryWorker, ToFeed } from "./shared/telemetry-messages.ts";
import { Ring } from "./shared/ring.ts";

declare const self: Worker;

/** How long the feed sleeps without lines. Watchers that did not renew are removed up to this much later. */
const IDLE_MS_MAX = 250;
const SECRET_BYTES = 32;

let feed: Feed | null = null;

self.addEventListener("message", async ({ data }: MessageEvent<ToFeed>) => {
  if (data.type === "start") await start(data);
  else {
    const last = feed;
    feed = null;
    last?.close();
    answer({ type: "stopped" });
  }
});

async function start({ feed: buffer, counters, host, port, token, limits = {} }: FeedStart): Promise<void> {
  const ring = new Ring(buffer);
  try {
    feed = await Feed.open({
      host,
      port,
      ring,
      counters: new TelemetryCounters(counters),
      token: Secret.of(token),
      limits,
      secret: crypto.getRandomValues(new Uint8Array(SECRET_BYTES)),
      now: () => performance.now(),
      wallClock: Date.now,
    });
  } catch (error) {
    const code = error instanceof WowsimError ? error.code : "listen_failed";
    answer({ type: "failed", code, message: messageOf(error) });
    return;
  }
  answer({ type: "ready", port: feed.port });
  const collection = new FullCollection();
  for (let running: Feed | null = feed; running !== null; running = feed) {
    running.pump();
    collection.runWithin(IDLE_MS_MAX);
    await ring.waitAsync(IDLE_MS_MAX);
  }
}

function answer(message: FromTelemetryWorker): void {
  self.postMessage(message);
}
