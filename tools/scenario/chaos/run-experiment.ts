// An experiment from its activities to the verdict: starts a drill, passes the server's address to the experiment, and
// plays the activities.
//
//   const played = await runExperiment(experiment, { folder, where: null, signal, report })
//
// ${wowsim_host}, ${wowsim_game_port}, ${wowsim_control_port}, ${wowsim_http_port} and ${wowsim_telemetry_port} are the server's.

import { Drill } from "../drill.ts";
import type { Where } from "../drill.ts";
import { play } from "../play.ts";
import type { Act, Played } from "../play.ts";
import { DRILL_SEED, loadModules, putAwayActs } from "../run-scenario.ts";
import type { RunOptions } from "../run-scenario.ts";
import type { Step } from "../scenario.ts";
import type { Activity, Experiment } from "./experiment.ts";
import { actOfActivity } from "./program.ts";

export async function runExperiment(experiment: Experiment, options: RunOptions): Promise<Played> {
  const { steady, method, rollbacks } = experiment;
  const modules = await loadModules([...steady, ...method, ...rollbacks].flatMap(stepsOf), options.folder);
  const drill = await Drill.start({
    where: options.where,
    serveFlags: ["--seed", String(DRILL_SEED)],
    seed: DRILL_SEED,
    signal: options.signal,
    onLost: (faultId, reason) => options.onNote?.(`${faultId}: ${reason}`),
  });
  options.onStarted?.(drill);
  const { environment } = experiment;
  const tools = {
    drill,
    modules,
    environment,
    variables: new Map([...experiment.variables, ...whereabouts(drill.where)]),
  };
  const acts = (activities: readonly Activity[], isHeld = false): Act[] =>
    activities.map((activity) => actOfActivity(activity, isHeld, tools));
  const program = {
    opening: [],
    steady: acts(steady, true),
    steps: acts(method),
    rollback: acts(rollbacks),
    putAway: putAwayActs(drill),
  };
  return await play(program, options);
}

function stepsOf({ provider }: Activity): Step[] {
  return provider.type === "wowsim" && provider.step !== undefined ? [provider.step as Step] : [];
}

function whereabouts({ host, ports }: Where): [string, unknown][] {
  return [
    ["wowsim_host", host],
    ...Object.entries(ports).map(([name, port]): [string, unknown] => [`wowsim_${name}_port`, port]),
  ];
}
