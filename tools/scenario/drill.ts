// A drill: a server, players, faults and deploys, watched through telemetry, and all cleaned up at the end. The
// scenario runner and the wizard use it.
//
//   const drill = await Drill.start({ where: null, serveFlags: [], seed: 1 })
//   await drill.players.spawn({ count: 6, rate: 2 }, signal)
//   await drill.faults.activate({ fault_id: "latency-spike" })
//   diagnose(drill.timeline)
//   for (const { what, run } of drill.putAway()) await run()     // throws if a fault that it started is left
//
// If this process is killed, the server that it started ends with it, its players' links break, and its faults end
// because nobody renews their leases.

import { WowsimError } from "../../server/protocol/errors.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { hasBegun, Timeline } from "../analysis/timeline.ts";
import { ControlClient } from "../client/control-client.ts";
import { FaultLeases } from "../client/fault-leases.ts";
import { FeedClient } from "../client/feed-client.ts";
import { ServerProcess } from "../client/server-process.ts";
import type { ServerPorts } from "../client/server-name.ts";
import { runCanary } from "../deploy/canary.ts";
import type { CanaryResult, CanaryTools } from "../deploy/canary.ts";
import { DRILL_POLICY } from "../deploy/plan.ts";
import { withPasteableHints } from "../client/server-flags.ts";
import type { ServerPlace } from "../client/server-flags.ts";
import type { Mark, View } from "./conditions.ts";
import { Players } from "./players.ts";
import { START_MARK } from "./scenario.ts";

/** The address of a server. */
export interface Where {
  host: string;
  ports: ServerPorts;
  token?: string;
  playerToken?: string | undefined;
}

export interface DrillOptions {
  /** Null: a server is started, and stopped at the end. */
  where: Where | null;
  /** Flags for the server that is started. */
  serveFlags: readonly string[];
  seed: number;
  /** When aborted, a server that is still starting is stopped, and the signal's reason is thrown. */
  signal?: AbortSignal;
  /** Called for a fault that the drill did not end itself. */
  onLost?(faultId: string, reason: string): void;
}

export interface DeployWish {
  /** An unmetered kernel binary. */
  wasm: Uint8Array;
  label: string;
  zone?: number | undefined;
  watchMs: number;
}

/** One step of the cleanup. */
export interface PutAway {
  what: string;
  /** Returns a text of what was done. Throws when it could not be done. */
  run(): Promise<string>;
}

const HOST = "127.0.0.1";
/** Long enough that every rule of the diagnosis knows the time before. */
const TIMELINE_S = 180;
/** A zone that a fault brought down takes up to half a minute to recover and drop the fault. */
const LEAVE_MS_MAX = 45_000;
const FIRST_LINE_MS_MAX = 3_000;
const POLL_MS = 50;

interface DrillParts {
  where: Where;
  server: ServerProcess | null;
  control: ControlClient;
  faults: FaultLeases;
  feed: FeedClient;
  players: Players;
}

export class Drill {
  readonly where: Where;
  readonly isOwnServer: boolean;
  readonly control: ControlClient;
  readonly faults: FaultLeases;
  readonly players: Players;
  readonly timeline = new Timeline({ secondsMax: TIMELINE_S, isLive: true });
  readonly #feed: FeedClient;
  readonly #server: ServerProcess | null;
  readonly #marks = new Map<string, Mark>();
  #step: Mark = { atMs: 0, felt: { drops: 0, resumed: 0, restarted: 0, protocolErrors: 0 } };

  /** Throws WowsimError: server_failed, control_unreachable, no_feed, wrong_token; then nothing is left running. */
  static async start(options: DrillOptions): Promise<Drill> {
    if (options.where !== null) return await Drill.#attach(options.where, null, options);
    const server = await ServerProcess.start(options.serveFlags, options.signal);
    try {
      return await Drill.#attach({ host: HOST, ports: server.ports }, server, options);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  static async #attach(where: Where, server: ServerProcess | null, options: DrillOptions): Promise<Drill> {
    const { host, ports, token, playerToken } = where;
    const end = { host, port: ports.control, ...(token === undefined ? {} : { token }) };
    const closers: (() => void)[] = [];
    try {
      const control = await ControlClient.connect(end);
      closers.push(() => control.close());
      const faults = await FaultLeases.connect(end, (faultId, reason) => options.onLost?.(faultId, reason));
      closers.push(() => faults.close());
      const feed = await FeedClient.connect({ host, port: ports.telemetry, token });
      const players = new Players({ host, port: ports.game, token: playerToken, seed: options.seed });
      closers.push(() => feed.close());
      const drill = new Drill({ where, server, control, faults, feed, players });
      await drill.#firstLine();
      drill.mark(START_MARK);
      return drill;
    } catch (error) {
      for (const close of closers) close();
      throw withPasteableHints(error, { ...where, told: {}, isNamed: true });
    }
  }

  private constructor(parts: DrillParts) {
    this.where = parts.where;
    this.isOwnServer = parts.server !== null;
    this.#server = parts.server;
    this.control = parts.control;
    this.faults = parts.faults;
    this.players = parts.players;
    this.#feed = parts.feed;
    this.#feed.onLine((line) => this.timeline.take(line));
  }

  /** The server as printed hints name it. */
  get place(): ServerPlace {
    return { ...this.where, told: {}, isNamed: true };
  }

  /** Stores this moment: conditions refer to it by its name, and to the newest one as the begin of the step. */
  mark(name: string): Mark {
    const { nowMs } = this.timeline;
    if (nowMs === null) throw new Error("A drill begins once telemetry has said what time it is.");
    const mark = { atMs: nowMs, felt: this.players.counts };
    this.players.resetRoundTrips();
    this.#step = mark;
    this.#marks.set(name, mark);
    return mark;
  }

  /** The input of conditions, as of now. */
  view(): View {
    return {
      timeline: this.timeline,
      silentMs: this.#feed.silentMs,
      step: this.#step,
      markOf: (name) => this.#marks.get(name) ?? null,
      feltSince: ({ felt }) => this.players.feltSince(felt),
    };
  }

  /** Canaries a module; aborting `tools.signal` rolls it back. */
  deploy(wish: DeployWish, tools: Pick<CanaryTools, "signal" | "report" | "progress">): Promise<CanaryResult> {
    const { wasm, label, zone: zoneId, watchMs: durationMs } = wish;
    const options = { wasm, label, zoneId, durationMs, policy: DRILL_POLICY, force: "a drill" };
    return runCanary(options, { control: this.control, feed: this.#feed, ...tools });
  }

  /** The steps that end the drill's faults, remove its players, and stop its server; run all of them, in this order. */
  putAway(): PutAway[] {
    const server = this.#server;
    return [
      { what: "faults", run: () => this.#endFaults() },
      { what: "players", run: async () => `${await this.players.despawn()} players have left` },
      { what: "connections", run: async () => this.#close() },
      ...(server === null ? [] : [{ what: "server", run: () => stop(server) }]),
    ];
  }

  async #endFaults(): Promise<string> {
    const ended = await this.faults.release();
    // A server that the drill started takes everything with it.
    if (!this.isOwnServer) await this.#untilLeft(ended);
    return ended.length === 0 ? "none of ours was active" : `ended ${ended.join(", ")}`;
  }

  #close(): string {
    this.faults.close();
    this.#feed.close();
    this.control.close();
    return "control and telemetry are closed";
  }

  /** Waits for the first telemetry time. */
  async #firstLine(): Promise<void> {
    while (!hasBegun(this.timeline)) {
      if (this.#feed.silentMs > FIRST_LINE_MS_MAX)
        throw new WowsimError(
          "feed_silent",
          "The server sends no telemetry; see whether its zones tick: wowsim health.",
        );
      await Bun.sleep(POLL_MS);
    }
  }

  /** Waits until no zone has these faults any more. Throws WowsimError("faults_left") when that takes too long. */
  async #untilLeft(faultIds: readonly string[]): Promise<void> {
    const endMs = performance.now() + LEAVE_MS_MAX;
    for (;;) {
      const { faults } = await this.control.ask({ command: "list" });
      const left = (faults as FaultStatus[]).filter(({ id, leaving }) => leaving && faultIds.includes(id));
      if (left.length === 0) return;
      if (performance.now() > endMs) {
        const ids = left.map(({ id }) => id).join(", ");
        throw new WowsimError("faults_left", `${ids} can not be removed yet: a zone that it changed is down.`);
      }
      await Bun.sleep(POLL_MS);
    }
  }
}

async function stop(server: ServerProcess): Promise<string> {
  const { exitCode, tookMs } = await server.stop();
  if (exitCode === 0) return `the server stopped in order, in ${Math.round(tookMs)} ms`;
  throw new WowsimError("server_failed", `The server did not stop in order; it ended with exit code ${exitCode}.`);
}
