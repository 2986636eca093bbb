// The bench for deploys, in small: real candidates through the whole deploy, to a real server with players.

import { expect, test } from "bun:test";
import { broken, reportOf } from "../helpers/bench-report.ts";

test("of four hotfixes no bad one comes through, and none that is stopped before its canary meets a player", async () => {
  const only = "armour-sign,crash,hotfix,regression";
  const report = await reportOf("bench/deploys.ts", ..."--deploys 4 --loads 20 --tick-rate 60 --only".split(" "), only);
  expect(report.checks).toHaveLength(5);
  expect(broken(report)).toEqual([]);
  const runs = report["runs"] as { candidate: string; outcome: string; stage: string | null }[];
  expect(runs.map(({ candidate }) => candidate).toSorted()).toEqual(only.split(","));
  for (const { outcome, stage } of runs) expect(outcome === "promoted").toBe(stage === null);
}, 600_000);
