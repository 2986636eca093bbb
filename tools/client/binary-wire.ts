// The client's end of the game port in the binary encoding; binary-messages.ts has the bytes.

import { messageOf } from "../../server/protocol/errors.ts";
import { ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import { BinaryStream, writeClientMessage } from "./binary-messages.ts";
import { ByteSocket } from "./byte-socket.ts";
import type { ClientWire, WireOptions } from "./wire.ts";

const FIRST_MESSAGE_BYTES = 256;

// One writer for all connections of the process: it is only used within a call.
const writer = new ByteWriter(FIRST_MESSAGE_BYTES);

/** Throws WowsimError("unreachable"). */
export async function connectBinaryWire(options: WireOptions): Promise<ClientWire> {
  const { host, port, onFrame, onMessage, onNonsense, onBytes, onClose } = options;
  const stream = new BinaryStream({ onFrame, onMessage });
  let socket: ByteSocket | null = null;
  const onData = (chunk: Buffer): void => {
    onBytes(chunk.length);
    try {
      stream.push(chunk);
    } catch (error) {
      onNonsense(messageOf(error));
      stream.clear();
      socket?.terminate();
    }
  };
  const connected = await ByteSocket.connect({ host, port, onData, onClose });
  socket = connected;
  return {
    get isClosed() {
      return connected.isClosed;
    },
    send(message) {
      writer.reset();
      writeClientMessage(message, writer);
      return connected.send(writer.bytes.subarray(0, writer.length)) ? writer.length : 0;
    },
    terminate: () => connected.terminate(),
  };
}
