// A game client's connection, whatever the encoding: client messages out, server messages in. Two implementations, json-wire.ts
// and binary-wire.ts, over one kind of socket.
//
//   const wire = connectWire("binary", { host, port, onFrame: ..., onMessage: ..., ... })
//   wire.send({ kind: "move", seq: 7, x: 1, y: 0, z: 0 })     // bytes sent, 0 when the connection is gone

import type { ClientMessage, ServerMessage } from "../../server/protocol/game/client-messages.ts";
import type { StateMessage } from "./world-model.ts";

export type Protocol = "json" | "binary";

/** A message; fields that are absent are 0 or "". */
export type ClientWords = Partial<ClientMessage> & Pick<ClientMessage, "kind">;

export interface GameEvent {
  type: "event";
  event: string;
  tick: number;
  [field: string]: unknown;
}

export interface WireOptions {
  host: string;
  port: number;
  onMessage(message: ServerMessage): void;
  /** The changes of a tick. JSON: as a message; binary: the kernel's frame, valid during the call. */
  onState(state: StateMessage): void;
  onFrame(bytes: Buffer, at: number, length: number): void;
  /** JSON only: in binary, events are in the frame. */
  onEvent(event: GameEvent): void;
  /** The received bytes are not a message of this protocol. */
  onNonsense(problem: string): void;
  onBytes(count: number): void;
  /** Called once, when the connection is gone, whichever side ended it. */
  onClose(): void;
}

export interface ClientWire {
  readonly isClosed: boolean;
  /** Returns the number of bytes; 0 when the connection is gone. Does not wait. */
  send(message: ClientWords): number;
  /** Closes at once, as a broken link would. */
  terminate(): void;
}
