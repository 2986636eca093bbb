// The state that the phases of a demo share: the server and its clients, the players, the measurements, and the claims.

import { ControlClient } from "../client/control-client.ts";
import { FeedClient } from "../client/feed-client.ts";
import { Swarm } from "../client/swarm.ts";
import type { SwarmOptions } from "../client/swarm.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import type { CanaryResult } from "../deploy/canary.ts";
import { Candidates } from "./candidates.ts";
import { Lookout } from "./lookout.ts";
import type { Narrator } from "./narrator.ts";
import type { PlayFigures } from "./play.ts";
import { ServerProcess } from "../client/server-process.ts";

const HOST = "127.0.0.1";
/** Kernels for phase 5, of assembly/candidates/. */
const CANDIDATES = ["armour-sign", "late-levels", "hotfix"] as const;

export interface Claim {
  phase: string;
  ok: boolean;
  text: string;
}

export interface Fact {
  phase: string;
  label: string;
  text: string;
}

/** The results of a phase that later phases use. */
export interface Findings {
  before?: PlayFigures;
  during?: PlayFigures;
  detectedMs?: number | null;
  diagnosis?: { best: Diagnosis; tookMs: number } | null;
  recoveredMs?: number | null;
  /** Until the hotfix that recorded play speaks against was refused. */
  refusedMs?: number;
  /** The one that shows only in life. */
  late?: CanaryResult;
  good?: CanaryResult;
}

export interface DemoOptions {
  narrator: Narrator;
  /** Aborted by Ctrl-C: the demo ends and cleans up. */
  signal: AbortSignal;
  seed: number;
}

export class Demo implements AsyncDisposable {
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
  readonly seed: number;
  readonly server: ServerProcess;
  readonly control: ControlClient;
  readonly feed: FeedClient;
  readonly lookout: Lookout;
  readonly candidates: Candidates;
  readonly swarms: Swarm[] = [];
  readonly found: Findings = {};
  readonly claims: Claim[] = [];
  readonly facts: Fact[] = [];
  /** Title of the current phase. */
  phase = "";

  /** Starts the server and connects to it. Throws WowsimError; then nothing is left running. */
  static async open(options: DemoOptions): Promise<Demo> {
    const server = await ServerProcess.start(["--seed", String(options.seed)], options.signal);
    try {
      const control = await ControlClient.connect({ host: HOST, port: server.ports.control });
      const feed = await FeedClient.connect({ host: HOST, port: server.ports.telemetry });
      return new Demo(options, server, control, feed);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  private constructor(options: DemoOptions, server: ServerProcess, control: ControlClient, feed: FeedClient) {
    this.narrator = options.narrator;
    this.signal = options.signal;
    this.seed = options.seed;
    this.server = server;
    this.control = control;
    this.feed = feed;
    this.lookout = new Lookout(feed);
    this.candidates = new Candidates(CANDIDATES);
  }

  /** Adds players; they stay until the end. */
  async join(options: Pick<SwarmOptions, "count" | "rate" | "namePrefix" | "zone">): Promise<Swarm> {
    const { seed, signal, server, swarms } = this;
    const swarm = await Swarm.start({
      host: HOST,
      port: server.ports.game,
      seed: seed + swarms.length,
      signal,
      ...options,
    });
    swarms.push(swarm);
    signal.throwIfAborted();
    return swarm;
  }

  get playing(): number {
    return this.swarms.reduce((sum, { playing }) => sum + playing, 0);
  }

  /** A measurement. */
  fact(label: string, text: string): void {
    this.facts.push({ phase: this.phase, label, text });
    this.narrator.fact(label, text);
  }

  /** A measurement that decides the exit code. */
  claim(ok: boolean, text: string): void {
    this.claims.push({ phase: this.phase, ok, text });
    this.narrator.claim(ok, text);
  }

  /** All players leave the game. */
  async disband(): Promise<void> {
    await Promise.all(this.swarms.map((swarm) => swarm.stop()));
  }

  /** Ends everything and leaves nothing behind; may be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.disband(), this.candidates[Symbol.asyncDispose]()]);
    this.lookout.close();
    this.feed.close();
    this.control.close();
    await this.server.stop();
  }
}
