// How a session comes from one living gateway to another: the one that a player came to asks, the one that has the session lets its
// commands come to their tick, gives it away in the bucket, and answers. Of several that ask at once, one gets it; the others ask that one.
//
//   {"session":17,"to":2,"digest":"9f86d0..."}      → {"moved":{"id":17,"kept":{...},"zoneId":1,"seq":40}}
//   {"session":17,"to":2,"character":"ann"}         → the same, for whoever has the secret of that character
//                                                   → {"moved":null,"why":"not_here"}, or "unsettled": try again

import { z } from "zod";
import type { BusNames } from "../../bus/subjects.ts";
import { Kept } from "../../shared/session-store.ts";
import type { MovedSession, RestoredSession } from "../../shared/session-store.ts";
import type { BusSessions } from "./bus-sessions.ts";
import type { BusZones } from "./bus-zones.ts";

/** How long a session may take until its zone has it and its commands have come to their tick. */
const SETTLE_MS_MAX = 2_000;
const SETTLE_LOOK_MS = 10;
/** Longer than that, and the time of a write. */
const ANSWER_MS_MAX = 4_000;

const Request = z.object({
  session: z.number().int().min(1),
  to: z.number().int().min(1),
  digest: z.string().optional(),
  character: z.string().optional(),
});
const Answer = z.object({
  moved: z
    .object({
      id: z.number().int().min(1),
      kept: Kept,
      zoneId: z.number().int().min(1),
      seq: z.number().int().min(0),
    })
    .nullable(),
  why: z.enum(["not_here", "unsettled"]).optional(),
});
type Refusal = "not_here" | "unsettled";

/** What shows that a player may have a session: the hash of its token, or that the secret of its character was right. */
export type Proof = { digest: string } | { character: string };

/** What is needed of this process's gateway (server/main/gateway/gateway.ts). */
export interface LocalGateway<Session extends { zoneId: number }> {
  readonly sessions: { get(id: number): Session | undefined };
  readonly moves: {
    find(id: number, proof: Proof): Session | null;
    begin(session: Session): void;
    isSettled(session: Session): boolean;
    isHere(session: Session): boolean;
    cancel(session: Session): void;
    end(session: Session): MovedSession;
  };
  readonly characters: { saved(): Promise<void> };
  restore(found: readonly RestoredSession[]): void;
}

export interface RequestBus {
  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  answer(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): () => void;
}

export interface SessionClaimsDeps<Session extends { zoneId: number }> {
  bus: RequestBus;
  names: BusNames;
  /** Number of this gateway. */
  gateway: number;
  local: LocalGateway<Session>;
  zones: Pick<BusZones, "applied">;
  sessions: Pick<BusSessions, "handOver">;
  /** A character is being reserved here: the session that gets it is known in a moment. */
  isReserving(character: string): boolean;
  /** Milliseconds, monotonic. */
  now(): number;
}

export class SessionClaims<Session extends { zoneId: number }> {
  /** Sessions that were given away since the start. */
  given = 0;
  readonly #deps: SessionClaimsDeps<Session>;
  readonly #stop: () => void;

  constructor(deps: SessionClaimsDeps<Session>) {
    const { bus, names, gateway } = deps;
    this.#deps = deps;
    this.#stop = bus.answer(names.gatewayRequest(gateway), (bytes) => this.#answer(bytes));
  }

  /** Asks a gateway for its session. "unsettled", also when it does not answer: look again. */
  async ask(owner: number, session: number, proof: Proof): Promise<MovedSession | Refusal> {
    const { bus, names, gateway } = this.#deps;
    const request = new TextEncoder().encode(JSON.stringify({ session, to: gateway, ...proof }));
    try {
      const answer = await bus.request(names.gatewayRequest(owner), request, ANSWER_MS_MAX);
      const { moved, why = "unsettled" } = Answer.parse(JSON.parse(new TextDecoder().decode(answer)));
      return moved ?? why;
    } catch {
      // It may be gone, and the answer may be lost after it gave the session: the bucket says whose it is now.
      return "unsettled";
    }
  }

  close(): void {
    this.#stop();
  }

  async #answer(bytes: Uint8Array): Promise<Uint8Array> {
    const { session, to, digest = "", character } = Request.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const moved = await this.#give(session, to, character === undefined ? { digest } : { character });
    return new TextEncoder().encode(
      JSON.stringify(typeof moved === "string" ? { moved: null, why: moved } : { moved }),
    );
  }

  async #give(id: number, to: number, proof: Proof): Promise<MovedSession | Refusal> {
    const { local, sessions, gateway, isReserving } = this.#deps;
    if ("character" in proof && isReserving(proof.character)) return "unsettled";
    const session = to === gateway ? null : local.moves.find(id, proof);
    if (session === null) return "not_here";
    local.moves.begin(session);
    if (!(await this.#settles(session))) {
      local.moves.cancel(session);
      return "unsettled";
    }
    const moved = local.moves.end(session);
    const isGiven = await sessions.handOver(id, moved.kept, to);
    if (isGiven) this.given++;
    return isGiven ? moved : "not_here";
  }

  /** The zone has the player, and all its commands are in ticks that were told. */
  async #settles(session: Session): Promise<boolean> {
    const { local, zones, now } = this.#deps;
    const until = now() + SETTLE_MS_MAX;
    const isInTime = async (done: Promise<void>): Promise<boolean> =>
      await Promise.race([done.then(() => true), Bun.sleep(Math.max(0, until - now())).then(() => false)]);
    while (local.moves.isHere(session) && now() < until) {
      const { zoneId } = session;
      if (!(await isInTime(zones.applied(zoneId)))) return false;
      if (local.moves.isSettled(session) && session.zoneId === zoneId)
        return (await isInTime(local.characters.saved())) && local.moves.isSettled(session);
      await Bun.sleep(SETTLE_LOOK_MS);
    }
    return false;
  }
}
