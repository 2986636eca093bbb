// Requests to a control port, for its tests.

import { ControlServer } from "../../server/main/control/server.ts";
import { MemoryEmitter } from "./control-faults.ts";
import { RawConnection } from "./control-server.ts";

/** Sends lines, waits for as many answers. */
export async function exchange(port: number, ...lines: (string | object)[]): Promise<Record<string, unknown>[]> {
  await using connection = await RawConnection.open(port);
  for (const line of lines) connection.send(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  return await connection.answersUntil(lines.length);
}

/** A request of exactly so many bytes. */
export function lineOf(bytes: number): string {
  const empty = '{"command":"size","data":""}\n';
  return empty.replace('""', `"${"A".repeat(bytes - empty.length)}"`);
}

export function listenOffLoopback(token: string | undefined): number {
  return new ControlServer({ emitter: new MemoryEmitter(), token }).listen("0.0.0.0", 0);
}
