// A scenario's steps as acts on a drill: how each kind of step is carried out, and what it reports.
//
//   const acts = scenario.steps.map((step) => actOf(step, drill, modules))

import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { withPasteableHints } from "../client/server-flags.ts";
import { DeployRemote } from "../deploy/remote.ts";
import type { RemoteZone } from "../deploy/remote.ts";
import { sleep } from "../ui/sleep.ts";
import { describe, overMsOf, read } from "./conditions.ts";
import type { Reading } from "./conditions.ts";
import type { Drill } from "./drill.ts";
import { inWords } from "./duration.ts";
import type { KernelModule } from "./modules.ts";
import type { Act, ActContext, ActResult } from "./play.ts";
import type { Action, Step } from "./scenario.ts";

const TICK_MS = 50;
const POLL_MS = 200;
/** How much longer than its time range a number may take to arrive. */
const LATE_MS_MAX = 5_000;

/** Finds the module of a deploy step. */
export type Modules = (deploy: With<"deploy">) => KernelModule;

type With<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>["with"];

export function actOf({ name, action }: Step, drill: Drill, modules: Modules): Act {
  const title = name === "" ? titleOf(action) : name;
  return {
    name: title,
    kind: action.kind,
    run: async (context) => {
      drill.mark(title);
      try {
        return await carryOut(action, drill, modules, context);
      } catch (error) {
        throw withPasteableHints(error, drill.place);
      }
    },
  };
}

/** A step's action as text. */
export function titleOf(action: Action): string {
  switch (action.kind) {
    case "spawn":
      return `${action.with.count} players come in${action.with.zone === undefined ? "" : `to zone ${action.with.zone}`}`;
    case "despawn":
      return "all players leave";
    case "activate":
      return `${action.with.fault} strikes${inZone(action.with.zone)}`;
    case "deactivate":
      return action.with === "all" ? "all faults end" : `${action.with} ends`;
    case "deploy":
      return `${action.with.source} is canaried, and ${action.with.expect.replace("_", " ")}`;
    case "rollback_deploy":
      return `the kernel is rolled back${inZone(action.with)}`;
    case "wait":
      return `in time, ${describe(action.with)}`;
    case "assert":
      return describe(action.with);
    case "sleep":
      return `${inWords(action.with)} go by`;
  }
}

const inZone = (zone: number | undefined): string => (zone === undefined || zone === 0 ? "" : ` in zone ${zone}`);

async function carryOut(action: Action, drill: Drill, modules: Modules, context: ActContext): Promise<ActResult> {
  switch (action.kind) {
    case "spawn":
      await drill.players.spawn(action.with, context.signal);
      return done(`${drill.players.playing} players are in the world`);
    case "despawn":
      return done(`${await drill.players.despawn()} players have left`);
    case "activate":
      return await activate(action.with, drill);
    case "deactivate":
      return await deactivate(action.with, drill);
    case "deploy":
      return await deploy(action.with, modules(action.with), drill, context);
    case "rollback_deploy":
      return await rollBack(action.with, drill, context.signal);
    case "wait":
      return await waitFor(action.with, drill, context);
    case "assert":
      return await insistOn(action.with, drill, context);
    case "sleep":
      await sleep(action.with, context.signal);
      return done(`${inWords(action.with)} went by`);
  }
}

const done = (text: string, output: unknown = null): ActResult => ({ holds: true, text, output });

async function activate(wish: With<"activate">, drill: Drill): Promise<ActResult> {
  const answer = await drill.faults.activate({
    fault_id: wish.fault,
    params: wish.params,
    target_zone_id: wish.zone,
    duration_ticks: wish.duration === undefined ? 0 : Math.round(wish.duration / TICK_MS),
    probability: wish.probability,
  });
  const zones = answer["targets"] as number[];
  const where = zones.length === 0 ? "the whole server" : `zone ${zones.join(", ")}`;
  return done(`active on ${where}: ${titleOfFault(wish.fault)}`, answer);
}

const titleOfFault = (faultId: string): string => FAULTS.find(({ id }) => id === faultId)?.title ?? faultId;

/** "all" means the faults that the scenario has activated itself. */
async function deactivate(which: With<"deactivate">, drill: Drill): Promise<ActResult> {
  if (which === "all") {
    const ended = await drill.faults.release();
    return done(ended.length === 0 ? "no fault was active" : `ended ${ended.join(", ")}`, ended);
  }
  const wasActive = await drill.faults.deactivate(which);
  const { status } = await drill.control.ask({ command: "status", fault_id: which });
  const { eligible, affected } = status as FaultStatus;
  return done(`${which} ${wasActive ? "is ended" : "was not active"}; it hit ${affected} of ${eligible}`, status);
}

async function deploy(
  wish: With<"deploy">,
  { wasm, label }: KernelModule,
  drill: Drill,
  { signal, progress }: ActContext,
): Promise<ActResult> {
  const stages: unknown[] = [];
  const result = await drill.deploy(
    { wasm, label, zone: wish.zone, watchMs: wish.watch },
    {
      signal,
      report: (stage) => {
        stages.push(stage);
        progress(`${stage.stage}: ${stage.text}`);
      },
      progress: (_share, text) => progress(text),
    },
  );
  signal.throwIfAborted();
  const { outcome, reason, sessionsLost } = result;
  const text = `${label} was ${outcome.replace("_", " ")}: ${reason}; sessions lost: ${sessionsLost}`;
  return { holds: outcome === wish.expect, text, output: { ...result, stages } };
}

async function rollBack(zone: With<"rollback_deploy">, drill: Drill, signal: AbortSignal): Promise<ActResult> {
  const remote = new DeployRemote(drill.control);
  const before = (await remote.status()).zones.filter(({ zone_id: id }) => zone === 0 || id === zone);
  if (before.every(isBack)) return done("every zone runs what it ran before");
  await drill.control.ask({ command: "deploy_rollback", zone_id: zone });
  for (;;) {
    const zones = (await remote.status()).zones.filter(({ zone_id: id }) => zone === 0 || id === zone);
    if (zones.every(({ phase }) => phase === "steady")) {
      const text = zones.map(({ zone_id: id, hash }) => `zone ${id} runs ${hash}`).join(", ");
      return { holds: zones.every(isBack), text, output: zones };
    }
    await sleep(POLL_MS, signal);
  }
}

const isBack = ({ previous_hash: previous }: RemoteZone): boolean => previous === null;

/** Polls until the condition holds or the time is over. */
async function waitFor(wish: With<"wait">, drill: Drill, { signal, progress }: ActContext): Promise<ActResult> {
  const endMs = performance.now() + wish.within;
  for (;;) {
    const reading = read(wish, drill.view());
    if (reading.holds === true) return resultOf(reading);
    if (performance.now() >= endMs)
      return resultOf({ ...reading, text: `not within ${inWords(wish.within)}: ${reading.text}` });
    progress(reading.text);
    await sleep(POLL_MS, signal);
  }
}

/** Reads once, as soon as possible: a measured number needs its whole time range, beginning now. */
export async function insistOn(wish: With<"assert">, drill: Drill, { signal }: ActContext): Promise<ActResult> {
  const endMs = performance.now() + overMsOf(wish) + LATE_MS_MAX;
  for (;;) {
    const reading = read(wish, drill.view());
    if (reading.holds !== null || performance.now() >= endMs) return resultOf(reading);
    await sleep(POLL_MS, signal);
  }
}

const resultOf = ({ holds, text, numbers }: Reading): ActResult => ({ holds, text, output: numbers });
