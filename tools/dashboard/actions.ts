// Carries out the dashboard's effects (effects.ts), and reports the result in a few words. Whatever was started here
// (players, faults, a deploy) ends with the dashboard: faults are held by a lease (tools/client/fault-leases.ts), so that they
// end even when the dashboard can not end them.

import { messageOf } from "../../server/protocol/errors.ts";
import type { ControlAnswer } from "../client/control-client.ts";
import { FaultLeases } from "../client/fault-leases.ts";
import type { ActivateRequest } from "../client/fault-leases.ts";
import { seconds, zoneRanges } from "../ui/fault-lines.ts";
import { isConnectionLost } from "./control-source.ts";
import type { ControlSource } from "./control-source.ts";
import { Deploys } from "./deploys.ts";
import type { Effect } from "./effects.ts";
import type { Model } from "./model.ts";
import { PlayerGroups } from "./players.ts";
import type { Style } from "./text.ts";
import type { Place } from "./whereabouts.ts";

/** Effects on the server; the others are about the screen. */
export type Action = Exclude<Effect, { kind: "repaint" | "suspend" | "quit" }>;

export interface ActionsOptions {
  /** The current address of the server. */
  place: Readonly<Place>;
  control: ControlSource;
  model: Model;
  now: () => number;
  /** Called when something that the screen shows has changed. */
  onChange(): void;
  /** Shows a short text to the operator. */
  say(text: string, style: Style): void;
}

export class Actions {
  readonly #options: ActionsOptions;
  readonly #players: PlayerGroups;
  readonly #deploys: Deploys;
  #leases: FaultLeases | null = null;
  /** Faults that were ended from here, so their end is not reported. */
  readonly #endedHere = new Set<string>();

  constructor(options: ActionsOptions) {
    const { place, model, now } = options;
    this.#options = options;
    this.#players = new PlayerGroups({
      place,
      now,
      onChange: () => {
        model.players = this.#players.present;
        options.onChange();
      },
      onEnd: (text, ok) => this.#tell(text, ok ? "good" : "bad"),
    });
    this.#deploys = new Deploys(place, (run) => {
      model.run = run;
      if (run.outcome !== null) this.#tell(`${run.label}: ${run.outcome.text}`, run.outcome.ok ? "good" : "bad");
      options.onChange();
    });
  }

  /** Never throws: an error is shown to the operator. */
  async carryOut(action: Action): Promise<void> {
    const { refusal } = this.#options.model;
    // Players have their own token; every other action would only send again the token that the server refuses.
    if (refusal !== "" && action.kind !== "spawn" && action.kind !== "despawn") return this.#tell(refusal, "bad");
    try {
      await this.#do(action);
    } catch (error) {
      this.#tell(messageOf(error), "bad");
    }
    this.#options.control.refresh();
  }

  /** Ends whatever was started here; resolves when all has ended. */
  async end(): Promise<void> {
    await Promise.allSettled([this.#deploys.abort(), this.#players.despawn(), this.#leases?.release()]);
    this.#leases?.close();
  }

  /** The last resort when the process exits. */
  kill(): void {
    this.#players.kill();
  }

  async #do(action: Action): Promise<void> {
    const { control } = this.#options;
    switch (action.kind) {
      case "activate":
        return this.#activate(action.request);
      case "deactivate": {
        this.#endedHere.add(action.faultId);
        const { was_active: wasActive } = await control.ask({ command: "deactivate", fault_id: action.faultId });
        return this.#tell(
          wasActive === true ? `${action.faultId} is ended.` : `${action.faultId} was not active.`,
          "good",
        );
      }
      case "deactivate_all":
        this.#endOwn();
        return this.#tell(`Ended: ${listed((await control.ask({ command: "deactivate_all" }))["removed"])}.`, "good");
      case "halt": {
        this.#endOwn();
        const { removed } = await control.ask({ command: "halt" });
        return this.#tell(`Kill switch: ended ${listed(removed)}; no fault can be activated.`, "warn");
      }
      case "resume":
        await control.ask({ command: "resume" });
        return this.#tell("Faults can be activated again.", "good");
      case "spawn":
        this.#players.spawn(action);
        return this.#tell(`${action.players} players are on their way in.`, "good");
      case "despawn":
        this.#tell("The players leave.", "good");
        return this.#players.despawn();
      case "deploy":
        this.#deploys.begin(action);
        return this.#tell(`${action.candidate} is being deployed; 4 shows how far it is.`, "accent");
      case "abort_deploy":
        this.#tell("The deploy is being ended; what it swapped goes back.", "warn");
        return this.#deploys.abort();
      case "rollback": {
        const { zones } = await control.ask({ command: "deploy_rollback", zone_id: action.zoneId });
        return this.#tell(`Rolling back: zone ${zoneRanges(zones as number[])}.`, "warn");
      }
    }
  }

  #endOwn(): void {
    for (const faultId of this.#leases?.held ?? []) this.#endedHere.add(faultId);
  }

  async #activate(request: ActivateRequest): Promise<void> {
    this.#endedHere.delete(request.fault_id);
    const { targets, ticks_left: ticksLeft } = await this.#leased(request);
    const zones = targets as number[];
    const where = zones.length === 0 ? "the whole server" : `zone ${zoneRanges(zones)}`;
    this.#tell(`${request.fault_id} is active on ${where} for ${seconds(Number(ticksLeft))}.`, "warn");
  }

  async #leased(request: ActivateRequest): Promise<ControlAnswer> {
    this.#leases ??= await this.#newLeases();
    try {
      return await this.#leases.activate(request);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      // The connection was to a server that is gone; there may be a new one by now.
      this.#leases.close();
      this.#leases = await this.#newLeases();
      return await this.#leases.activate(request);
    } finally {
      this.#holds();
    }
  }

  async #newLeases(): Promise<FaultLeases> {
    const { host, controlPort: port, token } = this.#options.place;
    return await FaultLeases.connect({ host, port, ...(token === undefined ? {} : { token }) }, (faultId, reason) => {
      if (!this.#endedHere.has(faultId)) this.#options.model.note(`${faultId} has ended: ${reason}`);
      this.#holds();
    });
  }

  #holds(): void {
    this.#options.model.ownFaults = this.#leases?.held ?? [];
    this.#options.onChange();
  }

  /** Shown on the screen for a while, and kept in the event log. */
  #tell(text: string, style: Style): void {
    this.#options.model.note(text);
    this.#options.say(text, style);
  }
}

function listed(ids: unknown): string {
  const names = Array.isArray(ids) ? ids.map(String) : [];
  return names.length === 0 ? "nothing, no fault was active" : names.join(", ");
}
