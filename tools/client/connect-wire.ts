// Connects a game client in the encoding it wants.

import type { ClientWire, Protocol, WireOptions } from "./wire.ts";

/** Connects. Throws WowsimError("unreachable"). The encodings are only read when they are needed. */
export async function connectWire(protocol: Protocol, options: WireOptions): Promise<ClientWire> {
  if (protocol === "json") return await (await import("./json-wire.ts")).connectJsonWire(options);
  return await (await import("./binary-wire.ts")).connectBinaryWire(options);
}
