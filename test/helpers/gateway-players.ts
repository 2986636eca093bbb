// Players at a gateway without zones, for its tests.

import * as abi from "../../assembly/abi.ts";
import { FrameBuilder } from "./net.ts";
import type { Message, RawClient, TestGateway } from "./net.ts";

export const MOVE = { type: "movement", session_id: 5, position: { x: 1, y: 2, z: 0 } };

/** A client that has said hello and was welcomed. */
export async function enter(
  server: TestGateway,
  hello: Message = {},
): Promise<{ client: RawClient; welcome: Message }> {
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", ...hello });
  await server.run(() => client.last("welcome") !== undefined || client.last("error") !== undefined);
  return { client, welcome: client.last("welcome") ?? {} };
}

/** A frame of some 20 KB as JSON. */
export const bigFrame = (tick: number): FrameBuilder => {
  const frame = new FrameBuilder(1, tick);
  if (tick === 1) frame.reset();
  for (let i = 0; i < 200; i++)
    frame.record(abi.RECORD_ENTER, 1, 1_000_001 + i, { f: i }, { f: i }, { f: i }, 9, 9, 0, 11);
  return frame;
};

/** The reason a connection was closed with. */
export const reason = (server: TestGateway): unknown => server.emitter.all("Client disconnected")[0]?.reason;

/** Both ends have seen it: the client often does before the server's own callback has run. */
export const isClosed = (server: TestGateway, client: { readonly closed: boolean }): boolean =>
  client.closed && reason(server) !== undefined;
