// The kernel modules a server knows, by content hash: uploaded modules, each checked and metered by a short-lived
// worker before it may run, and the modules its zones started with.
//
//   modules.add(bytes, "hotfix.wasm")     // "9f3c2a…", at once; the check continues in the background
//   modules.get("9f3c2a…")                // { hash, label, state: "checking" | "ready" | "refused", problems: [] }
//
// At most modulesMax are kept: the oldest module that no zone needs is evicted.

import { WowsimError } from "../../protocol/errors.ts";
import type { CheckAnswer, CheckRequest } from "../../shared/module-check.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { layoutFrom } from "../../../assembly/toolchain/load.ts";
import { hashOf } from "../../../assembly/toolchain/meter.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { ModuleLimits } from "../../protocol/limits.ts";
import { MODULE_LIMITS } from "../../protocol/limits.ts";

export interface KnownModule {
  readonly hash: string;
  readonly label: string;
  state: "checking" | "ready" | "refused";
  problems: string[];
  /** Compiled and metered; null until the state is ready. */
  kernel: Kernel | null;
  /** Its metered binary; null until then, and for the kernel that the server was started with. */
  metered: Uint8Array | null;
  /** As it was uploaded; null for a module that nobody has sent. */
  uploaded: Uint8Array | null;
}

const PROBLEMS_MAX = 20;

export interface ModuleUsers {
  /** Whether a zone runs a module or would roll back to it; such a module is never evicted. */
  isNeeded(hash: string): boolean;
  /** A module may run from now on. `wasm` is its metered binary. */
  mayRun?(module: { hash: string; label: string; wasm: Uint8Array }): void;
}

export class ModuleStore {
  readonly #modules = new Map<string, KnownModule>();
  readonly #workers = new Set<Worker>();
  readonly #limits: ModuleLimits;
  readonly #newWorker: WorkerFactory;
  readonly #users: ModuleUsers;

  constructor(newWorker: WorkerFactory, users: ModuleUsers, limits: ModuleLimits = MODULE_LIMITS) {
    this.#newWorker = newWorker;
    this.#users = users;
    this.#limits = limits;
  }

  /** Adds a kernel that the zones already run; it needs no check. `metered`: its binary, where there is one to keep. */
  addRunning(kernel: Kernel, metered: Uint8Array | null = null): void {
    const { hash, label } = kernel;
    this.#modules.set(hash, { hash, label, state: "ready", problems: [], kernel, metered, uploaded: null });
  }

  /**
   * Adds an unmetered kernel binary and starts its check; returns its content hash at once. A known module is not
   * checked again, unless it was refused. Throws WowsimError when the binary is too big or there is no room.
   */
  add(wasm: Uint8Array, label: string): KnownModule {
    const { moduleBytesMax, checksRunningMax } = this.#limits;
    if (wasm.length === 0 || wasm.length > moduleBytesMax) {
      throw new WowsimError(
        "module_size",
        `The module has ${wasm.length} bytes; send 1 to ${moduleBytesMax} bytes of WebAssembly, base64-encoded.`,
      );
    }
    const hash = hashOf(wasm);
    const known = this.#modules.get(hash);
    if (known && known.state !== "refused") {
      known.uploaded ??= wasm;
      return known;
    }
    if (this.#workers.size >= checksRunningMax) {
      throw new WowsimError("deploy_busy", `${this.#workers.size} modules are being checked; try again in a second.`);
    }
    this.#modules.delete(hash);
    this.#makeRoom();
    const nothing = { problems: [], kernel: null, metered: null };
    const added: KnownModule = { hash, label, state: "checking", ...nothing, uploaded: wasm };
    this.#modules.set(hash, added);
    this.#check(added, wasm);
    return added;
  }

  get(hash: string): KnownModule | undefined {
    return this.#modules.get(hash);
  }

  /** A module that may run. Throws WowsimError with the reason when the module may not run, or may not run yet. */
  ready(hash: string): Kernel {
    const known = this.#modules.get(hash);
    if (!known) throw new WowsimError("module_unknown", `No module ${hash} is known here; send it with deploy_load.`);
    if (known.state === "checking") {
      throw new WowsimError(
        "module_checking",
        `Module ${hash} is still being checked; ask deploy_status until it is ready.`,
      );
    }
    if (known.kernel === null) {
      throw new WowsimError("module_refused", `Module ${hash} was refused: ${known.problems.join(" ")}`);
    }
    return known.kernel;
  }

  list(): KnownModule[] {
    return [...this.#modules.values()];
  }

  /** Stops the checks that still run. */
  stop(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers.clear();
  }

  #makeRoom(): void {
    if (this.#modules.size < this.#limits.modulesMax) return;
    for (const { hash, state } of this.#modules.values()) {
      if (state === "checking" || this.#users.isNeeded(hash)) continue;
      this.#modules.delete(hash);
      return;
    }
    throw new WowsimError(
      "deploy_busy",
      `All ${this.#modules.size} modules kept are in use; promote or roll back first.`,
    );
  }

  #check(known: KnownModule, wasm: Uint8Array): void {
    const worker = this.#newWorker();
    this.#workers.add(worker);
    const finish = (answer: CheckAnswer): void => {
      if (!this.#workers.delete(worker)) return;
      clearTimeout(timer);
      worker.terminate();
      this.#settle(known, answer);
    };
    const { checkMsMax } = this.#limits;
    const timer = setTimeout(() => {
      finish({ ok: false, problems: [`Its check took longer than ${checkMsMax / 1_000} s and was given up.`] });
    }, checkMsMax);
    worker.addEventListener("message", ({ data }: MessageEvent<CheckAnswer>) => finish(data));
    worker.addEventListener("error", ({ message }) => {
      finish({ ok: false, problems: [`Its check failed: ${message}`] });
    });
    worker.postMessage({ wasm, label: known.label } satisfies CheckRequest);
  }

  #settle(known: KnownModule, answer: CheckAnswer): void {
    if (answer.ok) {
      const { hash, label } = known;
      known.kernel = { module: answer.module, layout: layoutFrom(answer.layout), hash, label };
      known.metered = answer.metered;
      this.#users.mayRun?.({ hash, label, wasm: answer.metered });
    } else {
      known.problems = answer.problems.slice(0, PROBLEMS_MAX);
      known.uploaded = null;
    }
    known.state = answer.ok ? "ready" : "refused";
  }
}
