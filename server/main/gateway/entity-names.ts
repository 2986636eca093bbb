// Names for the numbers in frames, as JSON text: players by session, creatures by kind. Guests have no name.
//
//   names.player(7)       // "\"Ann\""
//   names.creature(1)     // "\"Hogger\""

import type { Content } from "../../protocol/content/content.ts";
import { asciiJson } from "../../protocol/game/byte-writer.ts";
import type { EntityNames } from "./codec.ts";
import type { OtherGateways } from "../../shared/other-gateways.ts";
import type { SessionTable } from "./session-table.ts";

export class KnownNames implements EntityNames {
  readonly #sessions: SessionTable;
  readonly #creatures: readonly string[];
  readonly #others: Pick<OtherGateways, "nameJsonOf"> | null;

  constructor(sessions: SessionTable, { creatures }: Content, others: Pick<OtherGateways, "nameJsonOf"> | null = null) {
    this.#sessions = sessions;
    this.#others = others;
    this.#creatures = creatures.map(({ name }) => asciiJson(name));
  }

  player(entityId: number): string | null {
    const session = this.#sessions.get(entityId);
    if (session === undefined) return this.#others?.nameJsonOf(entityId) ?? null;
    return session.isGuest ? null : session.nameJson;
  }

  creature(template: number): string | null {
    return this.#creatures[template] ?? null;
  }
}
