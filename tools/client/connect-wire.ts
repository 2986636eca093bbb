// Connects a game client with the encoding it asks for.

import type { ClientWire, Protocol, WireOptions } from "./wire.ts";

/** Connects. Throws WowsimError("unreachable"). The code of an encoding is only loaded when it is needed. */
export async function connectWire(protocol: Protocol, options: WireOptions): Promise<ClientWire> {
  if (protocol === "json") return await (await import("./json-wire.ts")).connectJsonWire(options);
  return await (await import("./binary-wire.ts")).connectBinaryWire(options);
}
