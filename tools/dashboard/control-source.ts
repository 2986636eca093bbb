// Polls the control channel on one connection: active faults, the zones' kernels, and one zone's map while it is shown.
// A connection that breaks is made again, to the server's current address; a server that refuses our token is not
// polled any more.
//
//   const source = new ControlSource(whereabouts, model, () => 2)      // zone 2 is shown
//   source.start()
//   await source.ask({ command: "halt" })

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../client/control-client.ts";
import type { ControlAnswer } from "../client/control-client.ts";
import { DeployRemote } from "../deploy/remote.ts";
import type { Model } from "./model.ts";
import { isTokenRefused } from "./whereabouts.ts";
import type { Whereabouts } from "./whereabouts.ts";
import { ViewedZone } from "./zone-answer.ts";

const LOOK_INTERVAL_MS = 500;
/** Faults and kernels are polled every so many polls. */
const LOOKS_PER_LIST = 2;
/** Polls that are skipped after a failed one. */
const LOOKS_SKIPPED = 2;

export class ControlSource {
  readonly #whereabouts: Whereabouts;
  readonly #model: Model;
  readonly #zoneWanted: () => number;
  #client: ControlClient | null = null;
  #connecting: Promise<ControlClient> | null = null;
  #timer: Timer | null = null;
  #isLooking = false;
  #wasLost = false;
  #looks = 0;
  #skip = 0;

  /** `zoneWanted`: the zone whose map is shown, 0 for none. */
  constructor(whereabouts: Whereabouts, model: Model, zoneWanted: () => number) {
    this.#whereabouts = whereabouts;
    this.#model = model;
    this.#zoneWanted = zoneWanted;
  }

  start(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#client?.close();
  }

  /** Polls at once, for use after a change. */
  refresh(): void {
    this.#looks = 0;
    this.#skip = 0;
    void this.#look();
  }

  /** Throws WowsimError with the server's reason, or with the reason why it can not be reached. */
  async ask(request: Record<string, unknown>): Promise<ControlAnswer> {
    const client = await this.#connected();
    try {
      return await client.ask(request);
    } catch (error) {
      if (isConnectionLost(error)) this.#drop();
      throw error;
    }
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#model.refusal !== "" || this.#skip-- > 0) return;
    this.#isLooking = true;
    this.#skip = 0;
    try {
      const client = await this.#connected();
      if (this.#looks++ % LOOKS_PER_LIST === 0) await this.#list(client);
      await this.#lookIntoZone(client);
      this.#model.control = { ok: true, error: "" };
    } catch (error) {
      this.#drop();
      if (isTokenRefused(error)) this.#model.refuse(error.message);
      this.#skip = LOOKS_SKIPPED;
      this.#model.control = { ok: false, error: messageOf(error) };
      this.#model.zone = null;
    } finally {
      this.#isLooking = false;
    }
  }

  async #list(client: ControlClient): Promise<void> {
    const answer = await client.ask({ command: "list" });
    this.#model.faults = { list: answer["faults"] as FaultStatus[], halted: answer["halted"] === true };
    this.#model.deploys = await new DeployRemote(client).status();
  }

  /** A zone that is down or busy can not be inspected; the channel itself still works. */
  async #lookIntoZone(client: ControlClient): Promise<void> {
    const zoneId = this.#zoneWanted();
    if (zoneId === 0) return;
    const answer = await client.request({ command: "inspect_zone", zone_id: zoneId });
    this.#model.zone = answer.success ? ViewedZone.parse(answer) : null;
  }

  #connected(): Promise<ControlClient> {
    if (this.#client !== null) return Promise.resolve(this.#client);
    if (this.#model.refusal !== "") return Promise.reject(new WowsimError("token_required", this.#model.refusal));
    this.#connecting ??= this.#connect()
      .then((client) => (this.#client = client))
      .finally(() => {
        this.#connecting = null;
      });
    return this.#connecting;
  }

  async #connect(): Promise<ControlClient> {
    if (this.#wasLost) await this.#whereabouts.again();
    const { host, controlPort: port, token } = this.#whereabouts.place;
    return await ControlClient.connect({ host, port, ...(token === undefined ? {} : { token }) });
  }

  #drop(): void {
    this.#wasLost = true;
    this.#client?.close();
    this.#client = null;
  }
}

/** The connection has failed, in contrast to a refusal by the server. */
export const isConnectionLost = (error: unknown): boolean =>
  !(error instanceof WowsimError) || error.code.startsWith("control_");
