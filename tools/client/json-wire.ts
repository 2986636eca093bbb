// The client's end of the game port in JSON lines.
//
//   { kind: "move", seq: 7, x: 1, y: 0, z: 0 }    → {"type":"movement","position":{"x":1,"y":0,"z":0},"seq":7}

import type { Hello, ServerMessage } from "../../server/protocol/game/client-messages.ts";
import { parseOutsideJson, printable } from "../../server/protocol/printable.ts";
import type { GameEvent } from "./wire.ts";
import { goodsOf } from "./trades.ts";
import { LineSocket } from "./line-socket.ts";
import type { ClientWire, ClientWords, WireOptions } from "./wire.ts";
import type { StateMessage } from "./world-model.ts";

const SHOWN_CHARS = 80;

/** Throws WowsimError("unreachable"). */
export async function connectJsonWire(options: WireOptions): Promise<ClientWire> {
  const { host, port, onBytes, onClose } = options;
  const onLine = (line: string): void => readLine(line, options);
  const socket = await LineSocket.connect({ host, port, onLine, onBytes, onClose });
  return {
    get isClosed() {
      return socket.isClosed;
    },
    send(message) {
      const line = `${JSON.stringify(toJson(message))}\n`;
      return socket.send(line) ? line.length : 0;
    },
    terminate: () => socket.terminate(),
  };
}

function readLine(line: string, { onState, onEvent, onMessage, onNonsense }: WireOptions): void {
  let message: StateMessage | GameEvent | ServerMessage;
  try {
    message = parseOutsideJson(line) as typeof message;
  } catch {
    // The parser's message would quote the whole line; this one quotes a short part.
    return onNonsense(`not JSON: ${printable(line.slice(0, SHOWN_CHARS))}`);
  }
  switch (message.type) {
    case "state":
      return onState(message);
    case "event":
      return onEvent(message);
    case "welcome":
    case "error":
    case "pong":
    case "zone":
    case "names":
      return onMessage(message);
    default:
      onNonsense(`unknown message: ${printable(line.slice(0, SHOWN_CHARS))}`);
  }
}

/** Absent fields are left out by JSON.stringify. */
function toJson(message: ClientWords): object {
  const { kind, seq, target, spell } = message;
  switch (kind) {
    case "move":
      return { type: "movement", position: { x: short(message.x), y: short(message.y), z: short(message.z) }, seq };
    case "cast":
      return { type: "spell_cast", action: "CAST_START", spell_id: spell, target_id: target, seq };
    case "cancel_cast":
      return { type: "spell_cast", action: "INTERRUPT", seq };
    case "attack":
      return { type: "combat", action: "ATTACK", target_session_id: target, seq };
    case "stop_attack":
      return { type: "combat", action: "STOP", seq };
    case "release_as_ghost":
      return { type: "release", as_ghost: true, seq };
    case "trade_offer":
      return { type: kind, target_id: target, ...sidesOf(message), seq };
    case "trade_accept":
    case "trade_cancel":
      return { type: kind, target_id: target, offer_id: message.offer, seq };
    case "ping":
      return { type: "ping", t: message.echo };
    case "names":
      return { type: "names", players: message.players, creatures: message.creatures };
    case "hello":
      return { type: "hello", ...helloFields(message.hello) };
    default:
      return { type: kind, seq };
  }
}

function sidesOf({ stacks = [0, 0, 0, 0] }: ClientWords): object {
  return { give: goodsOf(stacks.slice(0, 2)), want: goodsOf(stacks.slice(2)) };
}

/** Empty fields are left out. */
function helloFields(hello: Hello | undefined): object {
  if (hello === undefined) return { v: 1 };
  const { version: v, name, zone, playerClass, token, resume, secret } = hello;
  const given = Object.entries({ name, zone, class: playerClass, token, resume, secret }).filter(([, value]) => value);
  return { v, ...Object.fromEntries(given) };
}

/** A coordinate, rounded to a thousandth of a yard. */
function short(value = 0): number {
  return Math.round(value * 1_000) / 1_000;
}
