// A player who comes back at one of several gateways with a token that another one knows.

import { expect, test } from "bun:test";
import { startGateway } from "../../helpers/net.ts";
import type { OtherGateways, Taken } from "../../../server/shared/other-gateways.ts";

function others(taken: Taken): OtherGateways {
  return {
    ids: { first: 1, last: 1_000 },
    lastTicket: 0,
    owns: () => true,
    isTaken: () => false,
    nameJsonOf: () => null,
    takeSession: () => Promise.resolve(taken),
    takeCharacter: () => Promise.resolve(taken),
  };
}

test.each([
  ["gone", "resume_expired"],
  ["busy", "busy"],
  // It went on to a third gateway meanwhile: the player has it, and must not be told to begin anew.
  ["here", "busy"],
] as const)("a session that is %s and not in the table is refused as %s", async (taken, code) => {
  await using server = startGateway({ others: others(taken) });
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", resume: "a token of another gateway" });
  await server.run(() => client.received.length > 0);
  expect(client.received[0]).toMatchObject({ type: "error", code });
});
