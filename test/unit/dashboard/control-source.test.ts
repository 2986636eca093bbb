// The dashboard's control channel: it follows its server to other ports, and leaves alone one that refuses its token.

import { expect, test } from "bun:test";
import { z } from "zod";
import { ControlSource } from "../../../tools/dashboard/control-source.ts";
import { Model } from "../../../tools/dashboard/model.ts";
import { Whereabouts } from "../../../tools/dashboard/whereabouts.ts";
import type { Place } from "../../../tools/dashboard/whereabouts.ts";
import { until } from "../../helpers/command.ts";
import { startControl } from "../../helpers/control-server.ts";
import type { RunningControl } from "../../helpers/control-server.ts";
import { DEPLOYS } from "../../helpers/dashboard-picture.ts";

const placeAt = (controlPort: number, token?: string): Place => ({
  host: "127.0.0.1",
  port: 1,
  controlPort,
  httpPort: 1,
  telemetryPort: 1,
  telemetryFile: null,
  token,
  playerToken: undefined,
});

function serving(): RunningControl {
  const control = startControl();
  control.server.register("deploy_status", z.object({}), () => ({ ...DEPLOYS }));
  return control;
}

test("a server that comes back on another port is found there", async () => {
  const first = serving();
  let port = first.port;
  const moved: number[] = [];
  const whereabouts = new Whereabouts(
    placeAt(port),
    () => Promise.resolve(placeAt(port)),
    () => moved.push(whereabouts.place.controlPort),
  );
  const model = new Model({ server: "here", now: Date.now });
  const source = new ControlSource(whereabouts, model, () => 0);
  source.start();
  await until(() => model.control.ok, "the first answers");
  await first.server.stop();
  await using second = serving();
  ({ port } = second);
  await until(() => {
    source.refresh();
    return moved.length > 0 && model.control.ok;
  }, "the second answers");
  source.stop();
  expect(moved).toEqual([second.port]);
});

test("a token that is refused is shown once, and never again", async () => {
  await using control = startControl({ token: "sesame" });
  const place = placeAt(control.port, "mellon");
  const model = new Model({ server: "here", now: Date.now });
  const source = new ControlSource(new Whereabouts(place, () => Promise.resolve(place)), model, () => 0);
  source.start();
  await until(() => model.refusal !== "", "it is refused");
  for (let n = 0; n < 20; n++) {
    source.refresh();
    await expect(source.ask({ command: "halt" })).rejects.toThrow("token");
  }
  source.stop();
  expect(control.server.counters.wrongTokens).toBe(1);
});
