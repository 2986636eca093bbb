// Sessions in the journal: writes them as facts, and puts together what an earlier server left: whose entity is in which zone,
// who is between two zones, and which characters were on their way out.

import { z } from "zod";
import { TRANSFER_ACK } from "../../../assembly/abi.ts";
import { wordAt } from "../../protocol/assert.ts";
import type { Character } from "../../shared/character-store.ts";
import { onwards, parseKept } from "../../shared/session-store.ts";
import type { KeptSession, RestoredSession, SessionStore } from "../../shared/session-store.ts";
import type { FoundWorld } from "../../shared/journal-messages.ts";
import type { RevivedReport } from "../../shared/zone-messages.ts";
import type { Crossing } from "../../shared/transfer.ts";
import { parseCharacter } from "../../shared/kept-character.ts";
import type { KeptCharacter } from "../../shared/kept-character.ts";
import type { JournalHost } from "./journal-host.ts";

const CrossingFact = z.object({
  from: z.number().int(),
  to: z.number().int(),
  session: z.number().int(),
  at: z.object({ x: z.number(), y: z.number(), z: z.number() }),
  words: z.array(z.number().int().min(0).max(0xffff_ffff)),
});

export class JournalSessions implements SessionStore {
  readonly #journal: Pick<JournalHost, "put" | "safe" | "isFenced">;
  /** From now on nothing is written: the sessions are kept for the next server as they are. */
  #isClosed = false;

  constructor(journal: Pick<JournalHost, "put" | "safe" | "isFenced">) {
    this.#journal = journal;
  }

  changed(id: number, kept: KeptSession): void {
    if (!this.#isClosed) this.#journal.put("session", String(id), kept);
  }

  gone(id: number): void {
    if (!this.#isClosed) this.#journal.put("session", String(id), null);
  }

  arrived(id: number, fromZoneId: number): void {
    if (!this.#isClosed) this.#journal.put("crossing", String(id), null, fromZoneId);
  }

  safe(): Promise<unknown> | null {
    return this.#journal.isFenced ? this.#journal.safe() : null;
  }

  close(): void {
    this.#isClosed = true;
  }
}

/** The people of an earlier server. */
export interface FoundPeople {
  sessions: RestoredSession[];
  characters: KeptCharacter[];
  /** Those of the characters that the journal has otherwise: they were on their way out, and are out now. */
  settled: Character[];
  /** Crossings in the journal that are not needed any more. */
  oldCrossings: Pick<Crossing, "session" | "from">[];
  /** The highest session number that was in use. */
  lastSession: number;
}

export function findPeople(found: FoundWorld, revived: readonly RevivedReport[]): FoundPeople {
  const where = placesOf(revived);
  const crossings = crossingsOf(found);
  const characters = factsOf(found, "character").flatMap(([key, json]) => parseCharacter(key, json) ?? []);
  const sessions = new Map<number, RestoredSession>();
  const restore = (id: number, kept: KeptSession): void => {
    const places = where.get(id) ?? [];
    const place = places.find(({ zoneId }) => zoneId === kept.zone) ?? places[0];
    const crossing = place === undefined ? onwards(crossings.get(id) ?? null, kept.home) : null;
    const ack = place?.ack ?? (crossing === null ? 0 : wordAt(crossing.words, TRANSFER_ACK));
    sessions.set(id, { id, kept, zoneId: place?.zoneId ?? 0, ack, crossing });
  };
  for (const [key, json] of factsOf(found, "session")) {
    const kept = parseKept(json);
    if (kept !== null) restore(Number(key), kept);
  }
  const ids = [...sessions.keys(), ...where.keys(), ...crossings.keys(), ...characters.map(({ session }) => session)];
  const settled: Character[] = [];
  const now = characters.map((one): KeptCharacter => {
    const { character, session: id } = one;
    if (id === 0 || sessions.has(id)) return one;
    const crossing = crossings.get(id);
    if (where.has(id) || (crossing !== undefined && crossing.to !== 0)) {
      restore(id, outgoing(character, crossing?.to ?? 0));
      return one;
    }
    // If it had left its zone, nobody had kept what it was.
    const left = crossing === undefined ? character : recorded(character, crossing);
    settled.push(left);
    return { character: left, session: 0 };
  });
  const oldCrossings = [...crossings.values()].filter(({ session }) => !sessions.get(session)?.crossing);
  return { sessions: [...sessions.values()], characters: now, settled, oldCrossings, lastSession: Math.max(0, ...ids) };
}

function recorded(character: Character, { from, at, words }: Crossing): Character {
  return { ...character, record: { zoneId: from, at, words }, saves: character.saves + 1 };
}

/** A session that had ended while its entity was still in a zone: nobody can resume it, and it ends by itself. */
function outgoing({ name, classIndex, key }: Character, home: number): KeptSession {
  return { name, class: classIndex, zone: 0, home, address: "", acted: true, token: "", former: "", character: key };
}

/** By session: the zones that have its entity. */
function placesOf(revived: readonly RevivedReport[]): Map<number, { zoneId: number; ack: number }[]> {
  const places = new Map<number, { zoneId: number; ack: number }[]>();
  for (const { zoneId, players } of revived)
    for (const { session, ack } of players) places.set(session, [...(places.get(session) ?? []), { zoneId, ack }]);
  return places;
}

function crossingsOf(found: FoundWorld): Map<number, Crossing> {
  return new Map(
    factsOf(found, "crossing").flatMap(([, json]) => {
      const { data } = CrossingFact.safeParse(JSON.parse(json));
      return data === undefined ? [] : [[data.session, { ...data, words: Uint32Array.from(data.words) }] as const];
    }),
  );
}

function factsOf({ facts }: FoundWorld, kind: string): [key: string, json: string][] {
  return facts.filter((fact) => fact.kind === kind).map(({ key, json }) => [key, json]);
}
