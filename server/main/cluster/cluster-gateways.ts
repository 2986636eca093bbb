// The other gateways, for this one's gateway (server/shared/other-gateways.ts): whose session an id is, and how a session that a player
// asks for comes here, wherever it was.
//
//   const others = new ClusterGateways({ lease, numbers, peers, directory, characters, ... })
//   others.attach({ local: gateway, claims, placement, sessions })
//   await others.takeSession(token)      // "here": it is in the table
//
// A session that a living gateway has is asked for. One of a gateway that is gone is waited for, until whoever takes it up has done so.

import { ticketOf } from "../../shared/tickets.ts";
import type { OtherGateways, Taken } from "../../shared/other-gateways.ts";
import { digestOf } from "../../shared/session-store.ts";
import type { MovedSession, RestoredSession } from "../../shared/session-store.ts";
import type { BusCharacters } from "./bus-characters.ts";
import type { BusSessions } from "./bus-sessions.ts";
import type { GatewayLease } from "./gateway-lease.ts";
import { idsOf, numberOf } from "./gateway-numbers.ts";
import type { GatewayNumbers } from "./gateway-numbers.ts";
import type { GatewayPeers } from "./gateway-peers.ts";
import type { Placement } from "./placement.ts";
import type { Proof, SessionClaims } from "./session-claims.ts";
import type { SessionDirectory, SessionRecord } from "./session-directory.ts";

/** How long a player waits for a session: until a gateway was missed, and its session found again. */
const TAKE_MS_MAX = 8_000;
const LOOK_MS = 50;
/** Players who wait for sessions at a time; more are told to try again. */
const TAKES_MAX = 4_096;

/** What needs the gateway, which needs this. */
export interface Attached {
  local: {
    sessions: { get(id: number): unknown };
    restore(found: readonly RestoredSession[]): void;
  };
  claims: Pick<SessionClaims<never>, "ask">;
  placement: Pick<Placement, "has" | "whenPlaced" | "add">;
  sessions: Pick<BusSessions, "isWriting">;
}

export interface ClusterGatewaysDeps {
  lease: Pick<GatewayLease, "gateway" | "firstTickets">;
  numbers: GatewayNumbers;
  peers: Pick<GatewayPeers, "isAlive" | "isFirst">;
  directory: SessionDirectory;
  characters: BusCharacters;
  /** Milliseconds, monotonic. */
  now(): number;
}

export class ClusterGateways implements OtherGateways {
  readonly ids: { first: number; last: number };
  readonly lastTicket: number;
  readonly #deps: ClusterGatewaysDeps;
  readonly #gateway: number;
  #attached: Attached | null = null;
  /** Sessions that are asked for, so that nobody else in this process asks for them. */
  readonly #incoming = new Set<number>();
  /** Characters that are being reserved, by how many. */
  readonly #reserving = new Map<string, number>();
  #takes = 0;

  constructor(deps: ClusterGatewaysDeps) {
    const { gateway, firstTickets } = deps.lease;
    this.#deps = deps;
    this.#gateway = gateway;
    this.ids = idsOf(gateway);
    this.lastTicket = ticketOf(gateway, firstTickets);
  }

  attach(attached: Attached): void {
    this.#attached = attached;
  }

  /** The session is in this gateway's table, or on its way there. */
  isHere(id: number): boolean {
    return this.#incoming.has(id) || this.#attached?.local.sessions.get(id) !== undefined;
  }

  owns(id: number): boolean {
    const { directory, numbers, peers } = this.#deps;
    const owner = directory.get(id)?.owner;
    if (owner !== undefined) return owner === this.#gateway && this.#attached?.placement.has(id) !== true;
    const number = numberOf(id);
    // What a gateway left that is gone, guests for instance, the first of those that live takes out.
    return number === this.#gateway || (!numbers.isHeld(number) && peers.isFirst());
  }

  isTaken(id: number): boolean {
    return this.#deps.directory.get(id) !== undefined;
  }

  nameJsonOf(id: number): string | null {
    return this.#deps.directory.get(id)?.nameJson ?? null;
  }

  async takeSession(token: string): Promise<Taken> {
    const { directory } = this.#deps;
    const digest = digestOf(token);
    return await this.#bounded(async () => {
      await directory.caughtUp();
      const record = directory.byDigest(digest);
      return record === undefined ? "gone" : await this.#take(record, { digest });
    });
  }

  async takeCharacter(key: string, sessionId: number): Promise<Taken> {
    const { directory, characters } = this.#deps;
    return await this.#bounded(async () => {
      await Promise.all([characters.caughtUp(), directory.caughtUp()]);
      const id = characters.sessionOf(key);
      const record = directory.get(id);
      if (id !== 0 && record !== undefined && record.kept.character === key)
        return await this.#take(record, { character: key });
      // A gateway that reserved it has the session in a moment, or its player went away meanwhile.
      const number = numberOf(id);
      if (id !== 0 && number !== this.#gateway && this.#deps.peers.isAlive(number)) {
        const { claims } = attachedOf(this.#attached);
        if ((await claims.ask(number, id, { character: key })) !== "not_here") return null;
      }
      return (await this.#reserve(key, sessionId, id)) ? "gone" : null;
    });
  }

  /** A character is being reserved for a session of this gateway. */
  isReserving(key: string): boolean {
    return this.#reserving.has(key);
  }

  async #reserve(key: string, sessionId: number, former: number): Promise<boolean> {
    this.#reserving.set(key, (this.#reserving.get(key) ?? 0) + 1);
    try {
      return await this.#deps.characters.reserve(key, sessionId, former);
    } finally {
      const others = (this.#reserving.get(key) ?? 1) - 1;
      if (others > 0) this.#reserving.set(key, others);
      else this.#reserving.delete(key);
    }
  }

  /** Repeats something until it knows; "busy" when that takes too long, or too many do it. */
  async #bounded(step: () => Promise<Taken | null>): Promise<Taken> {
    if (this.#takes >= TAKES_MAX) return "busy";
    const { now } = this.#deps;
    const until = now() + TAKE_MS_MAX;
    this.#takes++;
    try {
      while (now() < until) {
        const taken = await Promise.race([step(), Bun.sleep(until - now()).then((): Taken => "busy")]);
        if (taken !== null) return taken;
        await Bun.sleep(LOOK_MS);
      }
    } catch {
      // The bus does not answer: the player is told to try again.
    } finally {
      this.#takes--;
    }
    return "busy";
  }

  /** Null: look again. */
  async #take(record: SessionRecord, proof: Proof): Promise<Taken | null> {
    const { peers } = this.#deps;
    const { id, owner, ended } = record;
    if (ended) return "character" in proof ? null : "gone";
    if (owner === this.#gateway) return await this.#takeOwn(id);
    if (this.#incoming.has(id) || !peers.isAlive(owner)) return null;
    return await this.#askFor(record, proof);
  }

  async #takeOwn(id: number): Promise<Taken | null> {
    const { placement, local } = attachedOf(this.#attached);
    if (placement.has(id)) await placement.whenPlaced(id);
    return local.sessions.get(id) === undefined ? null : "here";
  }

  async #askFor({ id, owner }: SessionRecord, proof: Proof): Promise<Taken | null> {
    const { claims } = attachedOf(this.#attached);
    this.#incoming.add(id);
    try {
      const moved = await claims.ask(owner, id, proof);
      if (typeof moved === "string" || moved.id !== id) return null;
      await this.#receive(moved);
      return "here";
    } finally {
      this.#incoming.delete(id);
    }
  }

  async #receive({ id, kept, zoneId, seq }: MovedSession): Promise<void> {
    const { directory, characters } = this.#deps;
    // What the other gateway wrote last must be known before anything is written here.
    await Promise.all([directory.caughtUp(), ...(kept.character === "" ? [] : [characters.caughtUp()])]);
    if (directory.get(id)?.owner !== this.#gateway) return;
    attachedOf(this.#attached).local.restore([{ id, kept, zoneId, ack: seq, crossing: null }]);
  }
}

function attachedOf(attached: Attached | null): Attached {
  if (attached === null) throw new Error("Broken: a gateway that is not complete has players");
  return attached;
}
