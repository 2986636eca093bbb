// The faults that a tool has activated in a server, each on a lease that the tool keeps renewing: when the tool is killed,
// they end by themselves within two seconds (server/main/faults/lease.ts).
//
//   await using faults = await FaultLeases.connect({ host: "127.0.0.1", port: 8081 })
//   await faults.activate({ fault_id: "latency-spike", params: { delay_ms: 200 } })
//   await faults.release()            // ends all that this tool still holds
//
// Renewals use a connection of their own, so that they never wait behind another request.

import { messageOf } from "../../server/protocol/errors.ts";
import { ControlClient } from "./control-client.ts";
import type { ControlAnswer, ControlClientOptions } from "./control-client.ts";

/** With the 100 ms until the server notices, a fault outlives its tool by at most two seconds. */
export const LEASE_MS = 1_800;
const RENEW_MS = 300;

export interface ActivateRequest {
  fault_id: string;
  params?: Record<string, unknown>;
  /** 0: all zones. */
  target_zone_id?: number;
  /** 0: the longest. */
  duration_ticks?: number;
  probability?: number;
}

/** Called for a fault that this tool did not end: its time was over, somebody else ended it, or the server is gone. */
export type OnLost = (faultId: string, reason: string) => void;

export class FaultLeases implements AsyncDisposable {
  readonly #control: ControlClient;
  readonly #onLost: OnLost;
  /** The number of the activation that this tool holds, by fault. */
  readonly #held = new Map<string, number>();
  readonly #timer: Timer;
  #isRenewing = false;

  /** Throws WowsimError: control_unreachable, wrong_token. */
  static async connect(options: ControlClientOptions, onLost: OnLost = () => {}): Promise<FaultLeases> {
    return new FaultLeases(await ControlClient.connect(options), onLost);
  }

  private constructor(control: ControlClient, onLost: OnLost) {
    this.#control = control;
    this.#onLost = onLost;
    this.#timer = setInterval(() => void this.#renewAll(), RENEW_MS);
  }

  /** Ids of the faults that this tool holds and that are active, as far as it knows. */
  get held(): string[] {
    return [...this.#held.keys()];
  }

  /** Starts a fault, or restarts it. Throws WowsimError with the server's reason. */
  async activate(request: ActivateRequest): Promise<ControlAnswer> {
    const before = this.#held.get(request.fault_id);
    // No renewal meanwhile: the server refuses to renew an activation that is being replaced.
    this.#held.delete(request.fault_id);
    try {
      const answer = await this.#control.ask({ command: "activate", ...request, lease_ms: LEASE_MS });
      this.#held.set(request.fault_id, Number(answer["activations"]));
      return answer;
    } catch (error) {
      if (before !== undefined) this.#held.set(request.fault_id, before);
      throw error;
    }
  }

  /** Ends a fault, whoever started it; false when it was not active. */
  async deactivate(faultId: string): Promise<boolean> {
    this.#held.delete(faultId);
    const answer = await this.#control.ask({ command: "deactivate", fault_id: faultId });
    return answer["was_active"] === true;
  }

  /** Ends all faults still held; returns their ids. If one can not be ended, the others are ended first, then this throws. */
  async release(): Promise<string[]> {
    const faultIds = this.held;
    const results = await Promise.allSettled(faultIds.map((faultId) => this.deactivate(faultId)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return faultIds;
  }

  /** Stops renewing; a fault that was not released ends with its lease. */
  close(): void {
    clearInterval(this.#timer);
    this.#held.clear();
    this.#control.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } finally {
      this.close();
    }
  }

  async #renewAll(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    await Promise.all([...this.#held].map(([faultId, activations]) => this.#renew(faultId, activations)));
    this.#isRenewing = false;
  }

  async #renew(faultId: string, activations: number): Promise<void> {
    try {
      const answer = await this.#control.request({ command: "renew", fault_id: faultId, activations });
      if (!answer.success) this.#lost(faultId, activations, answer.error ?? "the server no longer renews it");
    } catch (error) {
      this.#lost(faultId, activations, messageOf(error));
    }
  }

  #lost(faultId: string, activations: number, reason: string): void {
    if (this.#held.get(faultId) !== activations) return;
    this.#held.delete(faultId);
    this.#onLost(faultId, reason);
  }
}
