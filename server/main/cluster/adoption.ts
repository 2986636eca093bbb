// Sessions of gateways that are gone. The living gateway with the lowest number takes them up; a gateway that was given the number of an
// earlier one takes up what that left. They go on as players whose link is lost.
//
//   const adoption = new Adoption({ numbers, peers, directory, sessions, placement, gateway, isHere })
//   await adoption.look()      // some times a second
//
// Whoever takes a number away from a gateway that is silent does so in the bucket, so that it can not be confirmed any more; only then
// are its sessions taken, each for itself. When this gateway dies over that, the next one goes on.

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { BusSessions } from "./bus-sessions.ts";
import type { GatewayNumbers } from "./gateway-numbers.ts";
import type { GatewayPeers } from "./gateway-peers.ts";
import type { Placement } from "./placement.ts";
import type { SessionDirectory, SessionRecord } from "./session-directory.ts";

/** Sessions that are taken at once. */
const AT_ONCE_MAX = 256;

export interface AdoptionDeps {
  numbers: GatewayNumbers;
  peers: GatewayPeers;
  directory: SessionDirectory;
  sessions: BusSessions;
  placement: Placement;
  /** Number of this gateway. */
  gateway: number;
  emitter: Emitter;
  /** The session is in this gateway's table, or on its way there. */
  isHere(id: number): boolean;
}

export class Adoption {
  /** Sessions that were taken up since the start. */
  adopted = 0;
  readonly #deps: AdoptionDeps;
  readonly #taking = new Set<number>();
  #isLooking = false;

  constructor(deps: AdoptionDeps) {
    this.#deps = deps;
  }

  /** Takes up what nobody has. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const isFirst = this.#deps.peers.isFirst();
      if (isFirst) await this.#takeNumbers();
      this.#takeOwn();
      if (isFirst) await this.#takeOrphans();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Gateways that are silent lose their numbers; a number whose sessions were all taken up is free. */
  async #takeNumbers(): Promise<void> {
    const { numbers, peers, directory, emitter } = this.#deps;
    for (const gateway of peers.missing()) {
      const holding = numbers.get(gateway);
      if (holding === undefined || !(await numbers.write(gateway, { ...holding, state: "free" }))) continue;
      emitter.emit("event", "gateway", "Gateway gone", { gateway, sessions: owned(directory, gateway) });
    }
    for (const [gateway, holding] of numbers.entries())
      if (holding.state === "left" && owned(directory, gateway) === 0)
        await numbers.write(gateway, { ...holding, state: "free" });
  }

  /** What is this gateway's by the bucket, and not here: of an earlier one with its number, or a move whose answer was lost. */
  #takeOwn(): void {
    const { directory, gateway, sessions, placement, isHere } = this.#deps;
    for (const record of directory.values()) {
      const { id, owner } = record;
      if (owner !== gateway || isHere(id) || placement.has(id) || sessions.isWriting(id)) continue;
      this.#find(record);
    }
  }

  async #takeOrphans(): Promise<void> {
    const { directory, gateway, numbers } = this.#deps;
    const orphans = [...directory.values()].filter(({ owner, id }) => {
      return owner !== gateway && !numbers.isHeld(owner) && !this.#taking.has(id);
    });
    for (let first = 0; first < orphans.length; first += AT_ONCE_MAX)
      await Promise.all(orphans.slice(first, first + AT_ONCE_MAX).map((record) => this.#take(record)));
  }

  async #take(record: SessionRecord): Promise<void> {
    const { sessions, directory } = this.#deps;
    this.#taking.add(record.id);
    const isTaken = await sessions.takeUp(record);
    this.#taking.delete(record.id);
    const now = directory.get(record.id);
    if (isTaken && now !== undefined && !this.#deps.placement.has(record.id)) this.#find(now);
  }

  #find(record: SessionRecord): void {
    const { placement, sessions } = this.#deps;
    if (record.ended && record.kept.character === "") return sessions.gone(record.id);
    this.adopted++;
    placement.add(record);
  }
}

function owned(directory: SessionDirectory, gateway: number): number {
  let count = 0;
  for (const { owner } of directory.values()) if (owner === gateway) count++;
  return count;
}
