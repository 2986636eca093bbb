// What a server says of itself over HTTP: what it does not tell is missing.

import { expect, test } from "bun:test";
import { fetchStatus } from "../../../tools/client/server-status.ts";

test("players that /metrics does not tell are missing, and not none", async () => {
  const metrics = ['wowsim_zone_info{zone="1",name="Elwynn"} 1', 'wowsim_zone_creatures{zone="1"} 7', ""].join("\n");
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => new Response(url.endsWith("/metrics") ? metrics : '{"ready":true,"reasons":[]}'),
  });
  const { zones } = await fetchStatus({ host: "127.0.0.1", port: Number(server.port), token: undefined });
  expect(zones).toEqual([{ id: 1, name: "Elwynn", state: "", players: null, creatures: 7 }]);
});
