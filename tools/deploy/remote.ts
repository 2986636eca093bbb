// The deploy tool's requests to a server over the control channel: every answer is validated before it is used.
//
//   const remote = new DeployRemote(control)
//   await remote.load(bytes, "hotfix.wasm", signal)         // waits for the server's own check
//   await remote.beginSwap("9f3c…", 2, 30_000)              // rejects when the server refuses
//   await remote.swapped("9f3c…", 2, signal)                // resolves when zone 2 runs it, rejects when the zone refused it

import { hostname, userInfo } from "node:os";
import { z } from "zod";
import { DeployGateStatus, DeployHistory } from "../../server/protocol/deploy-record.ts";
import { ValidationNote } from "../../server/protocol/deploy-validation.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { sleep } from "../ui/sleep.ts";

/** The part of the control client that a deploy needs; the client throws an answer with success false. */
export interface Control {
  ask(request: Record<string, unknown>): Promise<unknown>;
}

const ModuleStatus = z.object({
  hash: z.string(),
  label: z.string(),
  state: z.enum(["checking", "ready", "refused"]),
  problems: z.array(z.string()),
});

const ZoneStatus = z.object({
  zone_id: z.number().int(),
  hash: z.string(),
  label: z.string(),
  phase: z.enum(["steady", "swapping", "canary", "promoting", "rolling_back"]),
  canary: z.boolean(),
  previous_hash: z.string().nullable(),
  lease_ms_left: z.number().nullable(),
  last_error: z.string().nullable(),
});

const Lost = z.object({
  hash: z.string(),
  label: z.string(),
  promoted_at: z.string(),
  by: z.string(),
  zones: z.array(z.number()),
});

/** An older server does not report what a restart lost, nor who may deploy. */
const Status = z.object({
  modules: z.array(ModuleStatus),
  zones: z.array(ZoneStatus).min(1),
  lost: z.array(Lost).default([]),
  ...DeployGateStatus.shape,
});

const Entry = z.object({
  timestamp: z.string(),
  event: z.string(),
  zone_id: z.number(),
  from_hash: z.string(),
  to_hash: z.string(),
  label: z.string(),
  reason: z.string(),
  by: z.string(),
  /** What a validation found. */
  validation: ValidationNote.optional(),
});
const History = z.object({ entries: z.array(Entry), damaged_lines: z.number(), ...DeployHistory.shape });

export type RemoteHistory = z.infer<typeof History>;
export type RemoteZone = z.infer<typeof ZoneStatus>;
export type RemoteStatus = z.infer<typeof Status>;
export type RemoteLost = z.infer<typeof Lost>;
export type RemoteEntry = z.infer<typeof Entry>;

/** The result of a roll-back. */
export interface RolledBack {
  /** Every zone that was to go back runs another module than before. */
  isBack: boolean;
  zones: (RemoteZone & { from_hash: string })[];
}

const WHO_LENGTH_MAX = 100;
const REASON_LENGTH_MAX = 500;
const NEVER = new AbortController().signal;
const POLL_MS = 100;
const MOVING_SHOWN = 5;
const CHECK_MS_MAX = 70_000;
/** Without a zone that gets on. */
const MOVE_MS_MAX = 20_000;

export class DeployRemote {
  readonly #control: Control;
  readonly #moveMsMax: number;

  /** `moveMsMax`: a move is given up when no zone has got on for so long. */
  constructor(control: Control, moveMsMax = MOVE_MS_MAX) {
    this.#control = control;
    this.#moveMsMax = moveMsMax;
  }

  async status(): Promise<RemoteStatus> {
    return Status.parse(await this.#control.ask({ command: "deploy_status" }));
  }

  async zone(zoneId: number): Promise<RemoteZone> {
    const { zones } = await this.status();
    const zone = zones.find(({ zone_id: id }) => id === zoneId);
    if (zone) return zone;
    const known = zones.map(({ zone_id: id }) => id).join(", ");
    throw new WowsimError("no_such_zone", `The server has no zone ${zoneId}; choose from ${known}.`);
  }

  /** Uploads a module and waits until the server has checked it; its hash. Throws WowsimError("module_refused"). */
  async load(wasm: Uint8Array, label: string, signal: AbortSignal): Promise<string> {
    const module = Buffer.from(wasm).toString("base64");
    const answer = await this.#control.ask({ command: "deploy_load", module, label });
    const { hash } = z.object({ hash: z.string() }).parse(answer);
    const checked = await this.#until(CHECK_MS_MAX, signal, "the server's check of the module", (status) => {
      const found = status.modules.find((candidate) => candidate.hash === hash);
      return found && found.state !== "checking" ? found : null;
    });
    if (checked.state === "refused")
      throw new WowsimError("module_refused", `The server refused the module: ${checked.problems.join(" ")}`);
    return hash;
  }

  /**
   * Begins to put a module into one zone; `deploy`: for the deploy with this number. Throws WowsimError("swap_refused") with the
   * server's reason, and "deploy_aborted".
   */
  async beginSwap(hash: string, zoneId: number, leaseMs: number, deploy: number | null = null): Promise<void> {
    const of = deploy === null ? {} : { deploy };
    const request = { command: "deploy_swap", hash, zone_id: zoneId, lease_ms: leaseMs, by: whoAmI(), ...of };
    try {
      await this.#control.ask(request);
    } catch (error) {
      if (!(error instanceof WowsimError) || error.code.startsWith("control_")) throw error;
      if (error.code === "deploy_aborted") throw error;
      throw new WowsimError("swap_refused", `The server refused the swap: ${error.message}`, { cause: error });
    }
  }

  /** Resolves when the zone runs the new module. Throws WowsimError("swap_refused") with the zone's reason. */
  async swapped(hash: string, zoneId: number, signal: AbortSignal): Promise<void> {
    const zone = await this.settled(zoneId, signal);
    if (zone.phase === "canary" && zone.hash === hash) return;
    throw new WowsimError("swap_refused", `Zone ${zoneId} refused the module: ${zone.last_error ?? "no reason given"}`);
  }

  /**
   * Puts a canaried module into every zone; `deploy`: for the deploy with this number. Throws WowsimError("promotion_failed") when not all
   * of them accepted it, "timeout" when no zone gets on any more, and "deploy_aborted" or "deploy_ended".
   */
  async promote(
    hash: string,
    signal: AbortSignal,
    deploy: number | null = null,
    reason?: string,
  ): Promise<RemoteZone[]> {
    const of = deploy === null ? {} : { deploy };
    await this.#control.ask({ command: "deploy_promote", hash, by: whoAmI(), reason, ...of });
    const zones = await this.#until(this.#moveMsMax, signal, "the promotion", (status) =>
      status.zones.every(({ phase }) => phase === "steady") ? status.zones : null,
    );
    const missing = zones.filter((zone) => zone.hash !== hash);
    if (missing.length === 0) return zones;
    const reasons = new Set(missing.map((zone) => zone.last_error ?? `zone ${zone.zone_id} runs ${zone.hash}`));
    throw new WowsimError("promotion_failed", `Not every zone took the module: ${[...reasons].join("; ")}`);
  }

  /**
   * Ensures that a zone no longer runs `hash`, also when it has rolled back by itself meanwhile; returns the zone's status.
   * `why` goes into the history. Throws WowsimError("rollback_failed").
   */
  async rollback(hash: string, zoneId: number, why: string, signal: AbortSignal): Promise<RemoteZone> {
    const before = await this.settled(zoneId, signal);
    if (before.hash !== hash) return before;
    try {
      const reason = why.slice(0, REASON_LENGTH_MAX);
      await this.#control.ask({ command: "deploy_rollback", zone_id: zoneId, hash, by: whoAmI(), reason });
    } catch (error) {
      // The zone has rolled back by itself meanwhile; the next lines check that.
      if (!(error instanceof WowsimError && error.code === "nothing_to_roll_back")) throw error;
    }
    const zone = await this.settled(zoneId, signal);
    if (zone.hash !== hash) return zone;
    throw new WowsimError(
      "rollback_failed",
      `Zone ${zoneId} still runs ${hash}: ${zone.last_error ?? "no reason given"}`,
    );
  }

  /** The newest entries of the deploy history, oldest first. */
  async history(limit: number): Promise<RemoteHistory> {
    return History.parse(await this.#control.ask({ command: "deploy_history", limit }));
  }

  /**
   * An operator's roll-back of a zone, or of all (0), and its result. `only`: where that module runs or is tried. Throws
   * WowsimError("nothing_to_roll_back").
   */
  async rollBack(zoneId: number, only?: string): Promise<RolledBack> {
    const before = await this.status();
    const answer = await this.#control.ask({ command: "deploy_rollback", zone_id: zoneId, hash: only, by: whoAmI() });
    const { zones: ids } = z.object({ zones: z.array(z.number()) }).parse(answer);
    const zones = [];
    for (const id of ids) {
      const from_hash = before.zones.find(({ zone_id: other }) => other === id)?.hash ?? "";
      zones.push({ ...(await this.settled(id, NEVER)), from_hash });
    }
    return { isBack: zones.every(({ hash, from_hash: from }) => hash !== from), zones };
  }

  /** The zone's status once no swap is in progress. Throws WowsimError("timeout"). */
  settled(zoneId: number, signal: AbortSignal): Promise<RemoteZone> {
    return this.#until(this.#moveMsMax, signal, `zone ${zoneId}`, (status) => {
      const zone = status.zones.find(({ zone_id: id }) => id === zoneId);
      return zone && (zone.phase === "steady" || zone.phase === "canary") ? zone : null;
    });
  }

  /** `msMax`: without a change in any zone, because zones of one worker move one after the other. */
  async #until<T>(
    msMax: number,
    signal: AbortSignal,
    what: string,
    pick: (status: RemoteStatus) => T | null,
  ): Promise<T> {
    let [sinceMs, seen, moving] = [performance.now(), "", ""];
    while (performance.now() - sinceMs < msMax) {
      const status = await this.status();
      const picked = pick(status);
      if (picked !== null) return picked;
      moving = movingIn(status);
      const now = JSON.stringify(status.zones.map(({ phase, hash }) => [phase, hash]));
      if (now !== seen) [sinceMs, seen] = [performance.now(), now];
      await sleep(POLL_MS, signal);
    }
    const where = moving === "" ? "" : ` It hangs in ${moving}.`;
    throw new WowsimError("timeout", `Waited ${msMax / 1_000} s for ${what}, in vain.${where}`);
  }
}

/** "zone 3 (promoting: Zone 3 did not answer within 10 s.), zone 4 (promoting)" */
function movingIn({ zones }: RemoteStatus): string {
  const moving = zones.filter(({ phase }) => phase !== "steady" && phase !== "canary");
  const shown = moving.slice(0, MOVING_SHOWN).map(({ zone_id: id, phase, last_error: error }) => {
    const word = phase.replace("_", " ");
    return `zone ${id} (${error === null ? word : `${word}: ${error}`})`;
  });
  const more = moving.length > MOVING_SHOWN ? ` and ${moving.length - MOVING_SHOWN} more` : "";
  return `${shown.join(", ")}${more}`;
}

/** "anna@desk", for the server's deploy history; the server does not verify it. */
export function whoAmI(): string {
  return `${userName()}@${hostname()}`.slice(0, WHO_LENGTH_MAX);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The system has no name for this user id, as in a container.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
