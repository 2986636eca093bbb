// Moves zones from one host to another at a tick boundary. The owner finishes its tick, writes that it gives the zone to the other
// one, and that one fences it (ownership.ts). If it does not, a third host takes the zone, and the answer says so.
//
//   const moves = new ZoneMoves({ bus, names, view, now })
//   await moves.move(3, "b")     // { zone: 3, from: "a", to: "b", epoch: 5, still_ms: 96 }
//
// The records of the zone's stream tell who has it and how long it stood still: from the old owner's last tick to the new one's first.

import type { MessageHead } from "../../bus/bus.ts";
import type { BusNames } from "../../bus/subjects.ts";
import type { ZoneMove } from "../../protocol/cluster.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { ClusterView } from "./cluster-view.ts";
import { askHost } from "./host-requests.ts";
import { TOLD } from "./stream-journal.ts";
import type { AskingBus } from "./zone-requests.ts";

/** How long another host has for its first tick of the zone. */
const MOVE_MS_MAX = 10_000;

interface HearingBus extends AskingBus {
  subscribe(subject: string, handler: (subject: string, bytes: Uint8Array, head: MessageHead) => void): () => void;
}

export interface ZoneMovesDeps {
  bus: HearingBus;
  names: BusNames;
  view: Pick<ClusterView, "status">;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export class ZoneMoves {
  readonly #deps: ZoneMovesDeps;
  /** Zones that are on their way. */
  readonly #moving = new Set<number>();

  constructor(deps: ZoneMovesDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when the zone ticks on the host. Throws WowsimError: no_such_zone, no_such_host, host_silent, zone_without_owner,
   * already_there, zone_moving, host_refused, no_answer, not_moved.
   */
  async move(zone: number, to: string): Promise<ZoneMove> {
    const { bus, names } = this.#deps;
    const { from, epoch } = this.#plan(zone, to);
    this.#moving.add(zone);
    const arrival = this.#listen(zone, epoch);
    try {
      await askHost(bus, names, from, { type: "release", zone, to });
      const found = await Promise.race([arrival.first, Bun.sleep(MOVE_MS_MAX)]);
      if (found === undefined) {
        const message = `Host ${from} has given zone ${zone} away, and nobody ticks it after ${MOVE_MS_MAX / 1_000} s; see wowsim cluster status.`;
        throw new WowsimError("not_moved", message);
      }
      if (found.host !== to) {
        const message = `Zone ${zone} runs on host ${found.host} now: ${to} did not take it in time.`;
        throw new WowsimError("not_moved", message);
      }
      return { zone, from, to, epoch: found.epoch, still_ms: found.stillMs };
    } finally {
      arrival.stop();
      this.#moving.delete(zone);
    }
  }

  #plan(zone: number, to: string): { from: string; epoch: number } {
    const { hosts, zones } = this.#deps.view.status();
    const status = zones.find((one) => one.zone === zone);
    if (status === undefined) {
      const all = zones.map((one) => one.zone).join(", ");
      throw new WowsimError("no_such_zone", `There is no zone ${zone}; choose from ${all}.`);
    }
    const host = hosts.find((one) => one.host === to);
    if (host === undefined) {
      const living = hosts.filter((one) => one.is_alive).map((one) => one.host);
      throw new WowsimError("no_such_host", `There is no host ${to}; choose from ${living.join(", ") || "none"}.`);
    }
    if (!host.is_alive)
      throw new WowsimError(
        "host_silent",
        `Host ${to} was last heard ${host.silent_ms} ms ago; it would not take the zone.`,
      );
    if (status.host === null)
      throw new WowsimError("zone_without_owner", `Nobody runs zone ${zone} just now: whoever can takes it by itself.`);
    if (status.host === to) throw new WowsimError("already_there", `Zone ${zone} runs on host ${to} already.`);
    if (this.#moving.has(zone)) throw new WowsimError("zone_moving", `Zone ${zone} is being moved already.`);
    return { from: status.host, epoch: status.epoch };
  }

  /** Hears of the zone's ticks until `stop`. `first`: the first one of an owner after `epoch`. */
  #listen(zone: number, epoch: number) {
    const { bus, names, now } = this.#deps;
    const first = Promise.withResolvers<{ host: string; epoch: number; stillMs: number }>();
    let lastMs = now();
    const stop = bus.subscribe(names.heard(zone), (_subject, _bytes, head) => {
      const kind = head.get(TOLD.kind);
      if (kind === "fence" || kind === "release") return;
      const heard = Number(head.get(TOLD.epoch));
      if (heard <= epoch) lastMs = now();
      else first.resolve({ host: head.get(TOLD.host), epoch: heard, stillMs: Math.round(now() - lastMs) });
    });
    return { first: first.promise, stop };
  }
}
