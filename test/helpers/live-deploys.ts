// Deploys to a real server with players in it: the server, its players, the candidates as files, and what the zones say they run.
//
//   await using live = await LiveDeploys.start(["hotfix", "crash"])
//   const { code, report } = await live.deployed(live.file("hotfix.wasm"), "--canary-zone", "1")
//   await live.runs(1, live.base.hash)
//   live.everybodyPlaysOn()

import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { buildKernel } from "../../assembly/toolchain/build.ts";
import type { BuiltKernel } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { FeedClient } from "../../tools/client/feed-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import type { CanaryResult, StageReport } from "../../tools/deploy/canary.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { wowsim } from "./command.ts";
import type { Running } from "./command.ts";
import { until } from "./control-live.ts";
import { tempFolder } from "./telemetry.ts";

export type Report = Pick<CanaryResult, "outcome" | "reason" | "zoneId" | "sessionsLost" | "undone"> & {
  stages: StageReport[];
};

export const FORCED = ["--force", "--reason", "a drill"];

const HOST = "127.0.0.1";
const PLAYERS = 60;

/** As few ticks as a verdict takes. */
const SHORT_POLICY = `
[shadow]
ticks = 200
p99_ratio_max = 100            # other tests beside slow the zones down too
[canary]
ticks = 360
error_rate = 0.05
[promote]
watch_ticks = 60
`;

export const failedChecks = ({ stages }: Report): unknown[] =>
  stages.filter(({ stage, ok }) => stage === "verdict" && !ok).map(({ data }) => data["check"]);

export class LiveDeploys implements AsyncDisposable {
  readonly server: ServerChild;
  readonly control: ControlClient;
  readonly remote: DeployRemote;
  readonly swarm: Swarm;
  readonly base: BuiltKernel;
  /** Which kernel each zone's ticks were run by, in order, without repeats: { 1: ["9262…", "a42c…", "9262…"] }. */
  readonly ran = new Map<number, string[]>();
  /** What zones said of state that was carried over from one layout to another. */
  readonly carried: TelemetryLine["data"][] = [];
  readonly #feed: FeedClient;
  readonly #folder = tempFolder();
  readonly #candidates: ReadonlyMap<string, BuiltKernel>;

  static async start(candidates: readonly string[]): Promise<LiveDeploys> {
    const base = await buildKernel();
    const built = new Map<string, BuiltKernel>();
    for (const name of candidates) built.set(name, await buildCandidate(name));
    const server = await startServerChild();
    const control = await ControlClient.connect({ host: HOST, port: server.ports.control });
    const feed = await FeedClient.connect({ host: HOST, port: server.ports.telemetry });
    const swarm = await Swarm.start({ host: HOST, port: server.ports.game, count: PLAYERS, rate: 2, seed: 11 });
    return new LiveDeploys({ server, control, feed, swarm, base, candidates: built });
  }

  private constructor(parts: {
    server: ServerChild;
    control: ControlClient;
    feed: FeedClient;
    swarm: Swarm;
    base: BuiltKernel;
    candidates: ReadonlyMap<string, BuiltKernel>;
  }) {
    ({ server: this.server, control: this.control, swarm: this.swarm, base: this.base } = parts);
    this.#feed = parts.feed;
    this.#candidates = parts.candidates;
    this.remote = new DeployRemote(this.control);
    this.#feed.onLine((line) => this.#note(line));
    for (const [name, { wasm }] of [["base", this.base] as const, ...this.#candidates])
      writeFileSync(this.file(`${name}.wasm`), wasm);
    writeFileSync(this.file("short.toml"), SHORT_POLICY);
    writeFileSync(this.file("quick.toml"), "[shadow]\nticks = 0\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.swarm.stop();
    this.#feed.close();
    this.control.close();
    await this.server[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  #note({ message, data }: TelemetryLine): void {
    if (message === "State carried over") this.carried.push(data);
    if (message !== "Zone tick completed") return;
    const hashes = this.ran.get(Number(data["zone_id"])) ?? [];
    this.ran.set(Number(data["zone_id"]), hashes);
    if (hashes.at(-1) !== data["kernel"]) hashes.push(String(data["kernel"]));
  }

  /** A file of the test, such as "hotfix.wasm". */
  file(name: string): string {
    return this.#folder.file(name);
  }

  candidate(name: string): BuiltKernel {
    return this.#candidates.get(name)!;
  }

  /** `--server` of a command. */
  get onControl(): string[] {
    return ["--server", `${HOST}:${this.server.ports.control}`];
  }

  /** The arguments of a deploy. */
  deploy(module: string, ...more: string[]): string[] {
    const { control, telemetry } = this.server.ports;
    const ports = ["--control-port", String(control), "--telemetry-port", String(telemetry)];
    return ["deploy", module, ...ports, "--last", "30s", "--policy", this.file("short.toml"), ...more];
  }

  /** Waits until no deploy is under way and nothing is wrong: a trap counts as wrong for half a minute. */
  async quiet(): Promise<void> {
    for (;;) {
      const status = await this.control.ask({ command: "deploy_status" });
      if (status["deploy"] === null && (status["incidents"] as string[]).length === 0) return;
      await Bun.sleep(100);
    }
  }

  /** Runs a deploy to its end, and what it says as JSON. */
  async deployed(module: string, ...more: string[]): Promise<{ code: number; report: Report }> {
    const { code, stdout, stderr } = await wowsim(...this.deploy(module, "--format", "json", ...more));
    if (stdout === "") throw new Error(`The deploy has no result: ${stderr}`);
    return { code, report: JSON.parse(stdout) as Report };
  }

  /** Deploys what is not even swapped: the error, which is on stderr and nowhere else. */
  async refusal(module: string, ...more: string[]): Promise<{ code: string; message: string }> {
    const { code, stdout, stderr } = await wowsim(...this.deploy(module, "--format", "json", ...more));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    return (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
  }

  /** Waits until the zone's own ticks say that it runs this. */
  runs(zoneId: number, hash: string): Promise<void> {
    return until(`zone ${zoneId} runs ${hash}`, () => this.ran.get(zoneId)?.at(-1) === hash);
  }

  /** As `runs`, but for as long as the deploy may last: it has much to do before its swap. */
  async comesToRun(zoneId: number, hash: string, run: Running): Promise<void> {
    while (this.ran.get(zoneId)?.at(-1) !== hash) {
      if (run.child.exitCode !== null) throw new Error(`The deploy ended first: ${run.stdout}${run.stderr}`);
      await Bun.sleep(20);
    }
  }

  /** No zone has run anything else since `ran` was cleared. */
  onlyTheBaseRan(): void {
    expect([...this.ran.values()].flat().every((hash) => hash === this.base.hash)).toBe(true);
  }

  /** Nobody was thrown out, and nobody was told nonsense. */
  everybodyPlaysOn(): void {
    const { drops, protocolErrors, protocolErrorExamples } = this.swarm.stats;
    expect({ playing: this.swarm.playing, drops, protocolErrors, protocolErrorExamples }).toEqual({
      playing: PLAYERS,
      drops: 0,
      protocolErrors: 0,
      protocolErrorExamples: [],
    });
  }
}
