// How long a tool waits for zones that move to another module: as long as one of them gets on.

import { expect, test } from "bun:test";
import { DeployRemote } from "../../../tools/deploy/remote.ts";

const HASH = "aaaaaaaaaaaaaaaa";
const MS_MAX = 400;

/** Zones of one worker, which move one after the other: one more has moved at each `every`th look. */
function remoteOf(zones: number, every: number): DeployRemote {
  let looks = 0;
  const ask = async ({ command }: Record<string, unknown>): Promise<unknown> => {
    if (command !== "deploy_status") return {};
    looks++;
    const moved = Math.floor(looks / every);
    return {
      modules: [],
      zones: Array.from({ length: zones }, (_, index) => ({
        zone_id: index + 1,
        hash: index < moved ? HASH : "7e6a3cdb083f8056",
        label: "",
        phase: index < moved ? "steady" : "promoting",
        canary: false,
        previous_hash: null,
        lease_ms_left: null,
        last_error: index === 2 && moved < 3 ? "Zone 3 did not answer within 10 s." : null,
      })),
    };
  };
  return new DeployRemote({ ask }, MS_MAX);
}

test("a promotion over many zones may take as long as they get on", async () => {
  const zones = await remoteOf(8, 2).promote(HASH, AbortSignal.timeout(30_000));
  expect(zones.map(({ hash }) => hash)).toEqual(Array.from({ length: 8 }, () => HASH));
});

test("one in which no zone gets on any more says which ones hang, and why", async () => {
  const error: unknown = await remoteOf(8, Infinity)
    .promote(HASH, AbortSignal.timeout(30_000))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "timeout" });
  expect(String(error)).toContain(
    "Waited 0.4 s for the promotion, in vain. It hangs in zone 1 (promoting), zone 2 (promoting), " +
      "zone 3 (promoting: Zone 3 did not answer within 10 s.), zone 4 (promoting), zone 5 (promoting) and 3 more.",
  );
});
