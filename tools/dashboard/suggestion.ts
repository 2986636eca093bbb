// The line that suggests the next action for the current state. The first matching rule gives the text: obstacles come first,
// then problems, then what can be explored.
//
//   suggest(picture)     // { text: "Nobody plays. Bring players in: s", command: { do: "open", dialog: "spawn" } }

import { UNKNOWN } from "../analysis/rules/unknown.ts";
import type { Command } from "./commands.ts";
import { activeFaults, hasCanary } from "./picture.ts";
import type { Picture } from "./picture.ts";

export interface Suggestion {
  text: string;
  /** The command of a click on it. */
  command?: Command;
}

type Rule = (picture: Picture) => Suggestion | null;

/** A working feed is received within this time. */
const HEARD_MS_MAX = 3_000;

const RULES: readonly Rule[] = [refused, noServer, noControl, canary, halted, broken, ailing, lost, calm];

export function suggest(picture: Picture): Suggestion {
  for (const rule of RULES) {
    const suggestion = rule(picture);
    if (suggestion !== null) return suggestion;
  }
  return { text: "All is well. h shows every key." };
}

function refused({ refusal }: Picture): Suggestion | null {
  if (refusal === "") return null;
  return { text: "The server refuses this token. Quit (q), and set --token or WOWSIM_TOKEN." };
}

function noServer({ link, timeline, nowMs, server }: Picture): Suggestion | null {
  if (link.state === "waiting" && nowMs - link.sinceMs < HEARD_MS_MAX) return { text: `Listening to ${server}.` };
  if (link.state === "waiting") return { text: "No server is heard. Start one in another terminal: wowsim serve" };
  if (link.state !== "lost") return null;
  const how = timeline.isStopped ? "The server was stopped" : "Server gone or stuck";
  return { text: `${how}. Start it with wowsim serve; it is found by itself.` };
}

function noControl({ control }: Picture): Suggestion | null {
  return control.ok ? null : { text: `Nothing can be changed: ${control.error}` };
}

function canary(picture: Picture): Suggestion | null {
  const { run, deploys } = picture;
  if (run !== null && run.outcome === null)
    return {
      text: `The deploy of ${run.label} is under way: 4 shows its stages, b rolls it back.`,
      command: { do: "view", view: "deploy" },
    };
  if (!hasCanary(picture)) return null;
  const zone = deploys?.zones.find(({ phase }) => phase !== "steady");
  return {
    text: `Zone ${zone?.zone_id} is ${zone?.phase === "canary" ? "a canary" : zone?.phase}; somebody deploys. 4 shows it, b rolls it back.`,
    command: { do: "view", view: "deploy" },
  };
}

function halted({ faults }: Picture): Suggestion | null {
  if (faults?.halted !== true) return null;
  return {
    text: "The kill switch is on: no fault can be activated. K allows them again.",
    command: { do: "open", dialog: "halt" },
  };
}

/** False when the server does not report its players. */
const nobodyPlays = ({ health }: Picture): boolean => health.traffic?.inWorld === 0;

/** A fault is active. */
function broken(picture: Picture): Suggestion | null {
  const [fault] = activeFaults(picture);
  if (fault === undefined) return null;
  const [diagnosis] = picture.diagnoses;
  if (diagnosis === undefined || diagnosis.cause === UNKNOWN) {
    if (nobodyPlays(picture))
      return {
        text: `${fault.id} is active; nobody is there to feel it. Players: s`,
        command: { do: "open", dialog: "spawn" },
      };
    return {
      text: `${fault.id} is active. Watch what telemetry shows of it; c ends it.`,
      command: { do: "open", dialog: "clear" },
    };
  }
  const isRight = activeFaults(picture).some(({ id }) => id === diagnosis.cause);
  const verdict = isRight ? "and is right" : "what do you say?";
  return {
    text: `Telemetry says ${diagnosis.cause} (${percent(diagnosis.confidence)}), ${verdict}. End it: c`,
    command: { do: "open", dialog: "clear" },
  };
}

/** A problem that was not caused from the fault picker. */
function ailing({ diagnoses, health, clearing }: Picture): Suggestion | null {
  const [diagnosis] = diagnoses;
  if (clearing !== null) return { text: `${clearing.cause} is over; its traces clear within some seconds.` };
  if (diagnosis?.cause === "bad-kernel")
    return {
      text: `It looks like the new kernel (${percent(diagnosis.confidence)}): roll it back with b.`,
      command: { do: "open", dialog: "rollback" },
    };
  if (diagnosis !== undefined && diagnosis.cause !== UNKNOWN)
    return {
      text: `It looks like ${diagnosis.cause} (${percent(diagnosis.confidence)}). See the advice beside it.`,
    };
  const [reason] = health.reasons;
  if (reason === undefined) return null;
  return { text: `${reason.text}. See the event log for what came before: 5`, command: { do: "view", view: "events" } };
}

/** A restart begins with the built-in kernel, whichever kernel ran before. */
function lost({ deploys }: Picture): Suggestion | null {
  const [promotion] = deploys?.lost ?? [];
  if (promotion === undefined) return null;
  return {
    text: `${promotion.label} was promoted and lost in a restart; deploy it again: p`,
    command: { do: "open", dialog: "deploy" },
  };
}

function calm(picture: Picture): Suggestion | null {
  const { health, faults, run } = picture;
  if (health.zones.length === 0) return { text: "Waiting for the first ticks." };
  if (nobodyPlays(picture))
    return { text: "Nobody plays. Bring players in: s", command: { do: "open", dialog: "spawn" } };
  const tried = faults?.list.some(({ activations }) => activations > 0) ?? false;
  if (!tried)
    return { text: "All is well. Break something and see how it shows: f", command: { do: "open", dialog: "faults" } };
  if (run === null)
    return {
      text: "Well again. Try a bad hotfix: p. Or break something else: f",
      command: { do: "open", dialog: "deploy" },
    };
  return {
    text: "Well again. Break something else: f. See a zone from above: z",
    command: { do: "open", dialog: "faults" },
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
