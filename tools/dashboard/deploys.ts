// Deploys from the dashboard: the candidates, the canary run (tools/deploy), and the roll-back. One at a time.
//
//   await candidatesIn(".")          // [{ name: "hotfix", ... }, { name: "./mine.wasm", ... }]
//   deploys.begin({ candidate: "hotfix", zoneId: 0, watchS: 20 })
//   await deploys.abort()            // resolves when the swapped zones are back on their old kernel

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { readCandidates } from "../../assembly/toolchain/candidates.ts";
import { deploySource } from "../deploy/deploy-source.ts";
import type { DeployOptions } from "../deploy/deploy-source.ts";
import { selfCommand } from "../ui/self.ts";
import type { CanaryResult } from "../deploy/canary.ts";
import type { Candidate } from "./open-dialog.ts";
import type { DeployRun } from "./picture.ts";

/** Kernels that can be built for drills, and .wasm files: those in a folder, and the named ones. */
export async function candidatesIn(folder: string, named: readonly string[]): Promise<Candidate[]> {
  const drills = (await readCandidates()).map(({ name, about }) => ({ name, hint: `a drill: ${about}` }));
  const found = await Array.fromAsync(new Bun.Glob("*.wasm").scan({ cwd: folder }));
  const files = [...new Set([...named, ...found.toSorted()])].map((name) => ({ name, hint: "a file" }));
  return [...files, ...drills];
}

export interface DeployWish {
  candidate: string;
  /** 0: of the zones with players, the one with the fewest. */
  zoneId: number;
  watchS: number;
}

/** The current address of the server. */
type Server = Readonly<Pick<DeployOptions, "host" | "controlPort" | "telemetryPort" | "token">>;

export class Deploys {
  readonly #server: Server;
  readonly #onChange: (run: DeployRun) => void;
  #running: { stop: AbortController; ended: Promise<void> } | null = null;

  /** `onChange` is called at every step of a run. */
  constructor(server: Server, onChange: (run: DeployRun) => void) {
    this.#server = server;
    this.#onChange = onChange;
  }

  /** Begins a deploy in the background. Throws WowsimError("deploy_busy"). */
  begin(wish: DeployWish): void {
    if (this.#running !== null) throw new WowsimError("deploy_busy", "A deploy is under way; end it first.");
    const stop = new AbortController();
    const ended = this.#run(wish, stop.signal).finally(() => {
      this.#running = null;
    });
    this.#running = { stop, ended };
  }

  /** Aborts the running deploy; resolves when it has ended in order. */
  async abort(): Promise<void> {
    this.#running?.stop.abort(new WowsimError("interrupted", "Ended before anything was swapped."));
    await this.#running?.ended;
  }

  async #run({ candidate, zoneId, watchS }: DeployWish, signal: AbortSignal): Promise<void> {
    let run: DeployRun = { label: candidate, stages: [], progress: "", outcome: null };
    const change = (parts: Partial<DeployRun>): void => {
      run = { ...run, ...parts };
      this.#onChange(run);
    };
    change({});
    const folder = await mkdtemp(join(tmpdir(), "wowsim-candidate-"));
    try {
      const path = await built(candidate, folder, (progress) => change({ progress }));
      const canaryZone = zoneId === 0 ? undefined : zoneId;
      const { host, controlPort, telemetryPort, token } = this.#server;
      const server = { host, controlPort, telemetryPort, token };
      const options = { ...server, canaryZone, canaryDuration: watchS * 1_000, allowIdle: false };
      const result = await deploySource(path, options, signal, {
        report: (stage) => change({ stages: [...run.stages, stage] }),
        progress: (_share, text) => change({ progress: text }),
      });
      change({ progress: "", outcome: { ok: result.outcome === "promoted", text: outcomeText(result) } });
    } catch (error) {
      change({ progress: "", outcome: { ok: false, text: messageOf(error) } });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A candidate's file; a drill's kernel is built first, in a child process, because the build would block this one. */
async function built(candidate: string, folder: string, progress: (text: string) => void): Promise<string> {
  if (candidate.endsWith(".wasm") || existsSync(candidate)) return candidate;
  progress(`building ${candidate}`);
  const path = join(folder, `${candidate}.wasm`);
  const build = Bun.spawn(selfCommand("build-kernel", "--candidate", candidate, "--out", path), {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const [complaint, code] = await Promise.all([build.stderr.text(), build.exited]);
  if (code === 0) return path;
  throw new WowsimError("kernel_compile", `${candidate} could not be built: ${complaint.trim()}`);
}

function outcomeText({ outcome, reason, hash, sessionsLost, verdict }: CanaryResult): string {
  const words = {
    promoted: "Promoted",
    rolled_back: "Rolled back",
    refused: "Refused",
    interrupted: "Ended, rolled back",
    aborted: "Aborted by an operator, rolled back",
    abandoned: "Ended by the server",
    validated: "Validated",
  };
  const isOpen = outcome === "rolled_back" && verdict?.conclusion === "inconclusive";
  return `${isOpen ? "Inconclusive, rolled back" : words[outcome]} ${hash}: ${reason}. Sessions lost: ${sessionsLost}.`;
}
