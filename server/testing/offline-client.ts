// A client without a socket: it sees the frames in a lane's memory, as a real one sees those on its link, and its actions wait for the
// zone's next batch. A bot plays through it as through a real one.
//
//   const client = new OfflineClient(12, "Mage", content)
//   client.see(lane)                    // after a tick
//   client.cast(200, 1000001)
//   client.take((op, fields) => batch.add(op, fields))

import type { Content } from "../protocol/content/content.ts";
import { wireEffectOf } from "../protocol/content/content.ts";
import { actionOf } from "../protocol/game/actions.ts";
import type { ActionFields } from "../protocol/game/actions.ts";
import { Command } from "../protocol/game/command.ts";
import type { FrameReader } from "../protocol/game/frame-reader.ts";
import type { BotClient } from "../../tools/client/bot.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { takeFrameEvent } from "../../tools/client/game-events.ts";
import type { KnownSpell } from "../../tools/client/game-client-options.ts";
import type { TradeWords } from "../../tools/client/trades.ts";
import type { ClientWords, GameEvent } from "../../tools/client/wire.ts";
import { applyFrame } from "../../tools/client/world-frames.ts";
import { WorldModel } from "../../tools/client/world-model.ts";

const NO_FIELDS: ActionFields = {
  x: 0,
  y: 0,
  z: 0,
  target: 0,
  spell: 0,
  castTicks: 0,
  baseDamage: 0,
  magical: false,
  offer: 0,
  stacks: [0, 0, 0, 0],
};
/** What bots react to. */
const EVENTS: ReadonlySet<string> = new Set(["refused", "trade"]);

export class OfflineClient implements BotClient {
  readonly world = new WorldModel();
  readonly entityId: number;
  readonly playerClass: string;
  readonly spells: readonly KnownSpell[];
  readonly portals = [];
  readonly zoneId = 1;
  readonly tickRateHz: number;
  position = { x: 0, y: 0, z: 0 };
  isPlaying = false;
  ackedSeq = 0;
  lastSeq = 0;
  /** Called with each event that it is told of. */
  onEvent: (event: GameEvent) => void = () => {};
  readonly #command = new Command();
  readonly #waiting: Uint8Array[] = [];
  readonly #stats = new ClientStats();

  constructor(entityId: number, classIndex: number, { classes, spells }: Content, tickRateHz: number) {
    const own = classes[classIndex];
    this.entityId = entityId;
    this.tickRateHz = tickRateHz;
    this.playerClass = own?.name ?? "";
    this.spells = spells
      .filter(({ id }) => own?.spells.includes(id) === true)
      .map((spell) => ({ id: spell.id, name: spell.name, effect: wireEffectOf(spell), range_yd: spell.rangeYd }));
  }

  /** A frame for this client. */
  see(frame: FrameReader): void {
    this.ackedSeq = frame.ack;
    const wishes = { onEvent: (event: GameEvent) => this.onEvent(event), onlyEvents: EVENTS };
    const { isMoved, position } = applyFrame(this.world, frame, (at) => takeFrameEvent(at, wishes, this.#stats));
    if (isMoved) this.position = { ...position };
    this.isPlaying = this.world.self !== null;
  }

  /** Its actions since the last call, as records. */
  take(): Uint8Array[] {
    return this.#waiting.splice(0);
  }

  look(): void {}

  move(x: number, y: number, z: number): boolean {
    this.position = { x, y, z };
    return this.#act({ kind: "move", x, y, z });
  }

  cast(spell: number, target = 0): boolean {
    return this.#act({ kind: "cast", spell, target });
  }

  attack(target: number): boolean {
    return this.#act({ kind: "attack", target });
  }

  stopAttack(): boolean {
    return this.#act({ kind: "stop_attack" });
  }

  cancelCast(): boolean {
    return this.#act({ kind: "cancel_cast" });
  }

  trade(words: TradeWords): boolean {
    return this.#act(words);
  }

  release(): boolean {
    return this.#act({ kind: "release" });
  }

  #act(words: ClientWords): boolean {
    const action = actionOf(words.kind);
    if (action === undefined) return false;
    this.#command.begin(action.op, this.entityId, ++this.lastSeq);
    action.fill?.(this.#command, { ...NO_FIELDS, ...words });
    this.#waiting.push(this.#command.bytes.slice());
    return true;
  }
}
