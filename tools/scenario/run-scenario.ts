// A scenario from file to verdict: builds the modules, starts a drill, plays the steps, cleans up.
//
//   const played = await runScenario(scenario, { folder, where: null, signal, report })

import { resolve } from "node:path";
import { Drill } from "./drill.ts";
import type { Where } from "./drill.ts";
import { loadModule } from "./modules.ts";
import type { KernelModule } from "./modules.ts";
import { play } from "./play.ts";
import type { Act, Audience, Played } from "./play.ts";
import { actOf } from "./steps.ts";
import type { Modules } from "./steps.ts";
import type { Scenario, Step } from "./scenario.ts";

export interface RunOptions extends Audience {
  /** The folder that paths in the scenario are relative to. */
  folder: string;
  /** Null: a server is started. */
  where: Where | null;
  onNote?(text: string): void;
  /** Called when the drill's server is running. */
  onStarted?(drill: Drill): void;
}

/** The seed of drills whose script gives none. */
export const DRILL_SEED = 1;

/** Throws WowsimError when it could not begin: no module, no server. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Played> {
  const modules = await loadModules([...scenario.steps, ...scenario.rollback], options.folder);
  const { seed = DRILL_SEED, world } = scenario.server;
  const serveFlags = ["--seed", String(seed)];
  if (world !== undefined) serveFlags.push("--world", resolve(options.folder, world));
  const { where, signal, onNote } = options;
  const onLost = (faultId: string, reason: string): void => onNote?.(`${faultId}: ${reason}`);
  const drill = await Drill.start({ where, serveFlags, seed, signal, onLost });
  options.onStarted?.(drill);
  const acts = (steps: readonly Step[]): Act[] => steps.map((step) => actOf(step, drill, modules));
  const players: Step[] =
    scenario.players === undefined ? [] : [{ name: "", action: { kind: "spawn", with: scenario.players } }];
  const program = {
    opening: acts(players),
    steady: acts(scenario.steady),
    steps: acts(scenario.steps),
    rollback: acts(scenario.rollback),
    putAway: putAwayActs(drill),
  };
  return await play(program, options);
}

/** The cleanup of a drill as acts, so that the journal has it too. */
export function putAwayActs(drill: Drill): Act[] {
  return drill.putAway().map(({ what, run }) => ({
    name: what,
    kind: "put_away",
    run: async () => ({ holds: true, text: await run() }),
  }));
}

/** The modules that the steps deploy. Throws WowsimError when a module can not be read or built. */
export async function loadModules(steps: readonly Step[], folder: string): Promise<Modules> {
  const loaded = new Map<string, KernelModule>();
  for (const { action } of steps) {
    if (action.kind !== "deploy") continue;
    const { source } = action.with;
    if (!loaded.has(source)) loaded.set(source, await loadModule(source, folder));
  }
  return ({ source }) => {
    const module = loaded.get(source);
    if (module === undefined) throw new Error(`${source} was not loaded.`);
    return module;
  };
}
