// The wizard's first steps: a server, players, and the measurements of the healthy server.

import { messageOf } from "../../server/protocol/errors.ts";
import { sleep } from "../ui/sleep.ts";
import { DRILL_SEED } from "../scenario/run-scenario.ts";
import { Drill } from "../scenario/drill.ts";
import type { Where } from "../scenario/drill.ts";
import { findServer } from "../client/find-server.ts";
import { DEFAULT_HOST, DEFAULT_PORTS, FLAG_OF, hostAndPort, parseServerName } from "../client/server-name.ts";
import { drillOf, figureLines, figuresOf, commandAt } from "./state.ts";
import type { WizardState } from "./state.ts";
import { goOn } from "./wizard.ts";
import type { WizardStep } from "./wizard.ts";

const PLAYERS = 40;
const PLAYERS_MAX = 500;
/** Actions a second of each player. */
const RATE = 3;
const LOOK_MS = 4_000;
const OWN = "own";
const FOUND = "found";
const USUAL = "default";
const ELSEWHERE = "elsewhere";
const PORT_NAMES = ["game", "control", "http", "telemetry"] as const;
const USUAL_PORTS = Object.values(DEFAULT_PORTS).join(",");

/** Ends everything that the drill has started, for going back and for the end. */
export async function endDrill(state: WizardState): Promise<string[]> {
  const { drill } = state;
  if (drill === null) return [];
  const lines: string[] = [];
  const all = [{ what: "kernel", run: () => takeBackKernel(state) }, ...drill.putAway()];
  for (const { what, run } of all) {
    try {
      const line = await run();
      if (line !== "") lines.push(line);
    } catch (error) {
      lines.push(`${what} could not be put away: ${messageOf(error)}`);
    }
  }
  state.drill = null;
  return lines;
}

/** Puts every zone back on the kernel that ran before the wizard's; returns "" when nothing had to be done. */
export async function takeBackKernel(state: WizardState): Promise<string> {
  if (!state.isPromoted) return "";
  state.isPromoted = false;
  await drillOf(state).control.ask({ command: "deploy_rollback", zone_id: 0 });
  return "every zone goes back to the kernel it ran before";
}

export const serverStep: WizardStep<WizardState> = {
  id: "server",
  title: "A server",
  intro: () => [
    "wowsim is a flight simulator for game-server reliability: a real server with",
    "real players, which you break, diagnose, mend and hotfix. First, a server.",
  ],
  question: ({ found }) => ({
    kind: "select",
    message: "Which server do you want to break?",
    choices: [
      { value: OWN, label: "Start one for me", hint: "on free ports; it goes when the wizard goes" },
      found === null
        ? { value: USUAL, label: "Attach to one on this machine", hint: `on the ports ${USUAL_PORTS}` }
        : { value: FOUND, label: `Attach to the one at ${found.name}` },
      { value: ELSEWHERE, label: "Attach to another one" },
    ],
    ...(found === null ? {} : { initial: FOUND }),
  }),
  act: async (state, answer, { signal, progress }) => {
    state.isElsewhere = answer === ELSEWHERE;
    if (state.isElsewhere) return [];
    progress(answer === OWN ? "starting a server" : "looking for the server");
    await begin(state, answer === OWN ? null : await attachedTo(state, answer), signal);
    return whereLines(state);
  },
  command: (state) => (state.drill?.isOwnServer === true ? serveCommand(state) : null),
  undo: async (state) => void (await endDrill(state)),
};

export const whereStep: WizardStep<WizardState> = {
  id: "where",
  title: "Where the server is",
  isLeftOut: ({ isElsewhere }) => !isElsewhere,
  intro: () => ["wowsim serve prints its control port, and that port reports the others."],
  question: () => ({
    kind: "text",
    message: "Its address and control port",
    initial: hostAndPort(DEFAULT_HOST, DEFAULT_PORTS.control),
    check: nameProblem,
  }),
  act: async (state, answer, { signal, progress }) => {
    progress("looking for the server");
    const wish = { server: parseServerName(answer), ports: {}, ...state.tokens };
    await begin(state, await findServer(wish, ["game", "http", "telemetry"]), signal);
    return whereLines(state);
  },
  command: () => null,
  undo: async (state) => void (await endDrill(state)),
};

export const playersStep: WizardStep<WizardState> = {
  id: "players",
  title: "Players",
  intro: () => ["Real clients over real sockets: they walk about, fight, cast, die, come back."],
  question: () => ({
    kind: "text",
    message: `How many players shall come in? (1 to ${PLAYERS_MAX})`,
    initial: String(PLAYERS),
    check: (value) => wholeNumberProblem(value, 1, PLAYERS_MAX),
  }),
  act: async (state, answer, { signal, progress }) => {
    state.players = Number(answer);
    progress(`${answer} players come in`);
    await drillOf(state).players.spawn({ count: state.players, rate: RATE }, signal);
    state.saved.set("players", []);
    return [`${drillOf(state).players.playing} players are in the world.`];
  },
  command: (state) => commandAt(state, `wowsim spawn-clients --count ${state.players} --rate ${RATE} --duration 10m`),
  undo: async (state) => {
    await drillOf(state).players.despawn();
  },
};

export const healthyStep: WizardStep<WizardState> = {
  id: "healthy",
  title: "What healthy looks like",
  intro: () => ["Before anything breaks: what is usual? A tick has 50 ms."],
  question: () => goOn(`Let them play for ${LOOK_MS / 1_000} seconds?`, "Yes, and show me the numbers"),
  act: async (state, _answer, { signal, progress }) => {
    progress("they play");
    drillOf(state).mark("healthy");
    await sleep(LOOK_MS, signal);
    state.before = figuresOf(state);
    return figureLines(state.before);
  },
  command: (state) => commandAt(state, "wowsim health --for 4s"),
};

function nameProblem(text: string): string | null {
  try {
    parseServerName(text);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

async function attachedTo({ found, tokens }: WizardState, answer: string): Promise<Where> {
  if (answer === FOUND && found !== null) return await found.where();
  return await findServer({ host: DEFAULT_HOST, ports: {}, ...tokens }, []);
}

export function wholeNumberProblem(text: string, min: number, max: number): string | null {
  const value = Number(text);
  const isGood = /^\d+$/.test(text.trim()) && value >= min && value <= max;
  return isGood ? null : `Give a whole number from ${min} to ${max}.`;
}

async function begin(state: WizardState, where: Where | null, signal: AbortSignal): Promise<void> {
  const serveFlags = ["--seed", String(DRILL_SEED)];
  const onLost = (faultId: string): void => void state.lost.add(faultId);
  state.drill = await Drill.start({ where, serveFlags, seed: DRILL_SEED, signal, onLost });
}

/** Starts the same server after this one has ended: the commands of the other steps name its port. */
function serveCommand(state: WizardState): string {
  const { ports } = drillOf(state).where;
  const flags = PORT_NAMES.map((name) => `${FLAG_OF[name]} ${ports[name]}`);
  return ["wowsim serve", ...flags, "--seed", DRILL_SEED, "--scratch"].join(" ");
}

function whereLines(state: WizardState): string[] {
  const { where, isOwnServer } = drillOf(state);
  const { game, control, http, telemetry } = where.ports;
  return [
    `${isOwnServer ? "A server runs" : "Attached to the server"} on ports ${game} (game), ${control} (control),`,
    `${http} (http) and ${telemetry} (telemetry).`,
  ];
}
