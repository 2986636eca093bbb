// How a game client speaks, whatever the encoding: messages out, what the server says in. Two of them, json-wire.ts and
// binary-wire.ts, over one kind of socket.
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
  /** What is different in a tick. JSON: as a message; binary: the kernel's frame, valid during the call. */
  onState(state: StateMessage): void;
  onFrame(bytes: Buffer, at: number, length: number): void;
  /** JSON only: in binary, events are in the frame. */
  onEvent(event: GameEvent): void;
  /** What came is no message of this protocol. */
  onNonsense(problem: string): void;
  onBytes(count: number): void;
  /** Once, when the connection is gone, whoever ended it. */
  onClose(): void;
}

export interface ClientWire {
  readonly isClosed: boolean;
  /** Bytes of it; 0 when the connection is gone. Returns at once. */
  send(message: ClientWords): number;
  /** Closes at once, as a broken link would. */
  terminate(): void;
}
