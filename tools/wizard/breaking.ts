// The middle part of the wizard: the user chooses a fault by its effect on players, sets its strength, watches it, guesses its
// cause, and sees the diagnosis from telemetry.

import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { describeParams } from "../../server/protocol/faults/params.ts";
import type { FaultParam } from "../../server/protocol/faults/params.ts";
import { causesWithin, diagnose } from "../analysis/diagnosis.ts";
import { sleep } from "../ui/sleep.ts";
import { diagnosisAt, diagnosisLines } from "../report/diagnosis-lines.ts";
import { FEELINGS, feelingOf } from "./feelings.ts";
import type { Feeling } from "./feelings.ts";
import { wholeNumberProblem } from "./opening.ts";
import { drillOf, figureLines, commandAt, figuresOf, placeOf } from "./state.ts";
import type { WizardState } from "./state.ts";
import { goOn } from "./wizard.ts";
import type { WizardStep } from "./wizard.ts";

const SURPRISE = "surprise";
const WATCH_MS = 6_000;
const DIAGNOSE_MS_MAX = 20_000;
const POLL_MS = 250;
const CONFIDENCE_MIN = 0.5;

export const faultStep: WizardStep<WizardState> = {
  id: "fault",
  title: "What breaks",
  intro: () => ["Choose by what your players would write to you."],
  question: () => ({
    kind: "select",
    message: "What do they complain about?",
    choices: [
      ...FEELINGS.map(({ fault, feels }) => ({ value: fault, label: feels, hint: fault })),
      { value: SURPRISE, label: "Surprise me", hint: "and let me guess" },
    ],
  }),
  act: (state, answer) => {
    state.isSurprise = answer === SURPRISE;
    state.fault = state.isSurprise ? (FEELINGS[Math.floor(state.random() * FEELINGS.length)]?.fault ?? answer) : answer;
    state.strength = feelingOf(state.fault).suggested;
    state.zone = 0;
    return Promise.resolve([]);
  },
  command: () => "wowsim inject-fault activate --help",
};

export const strengthStep: WizardStep<WizardState> = {
  id: "strength",
  title: "How strong",
  isLeftOut: ({ isSurprise, fault }) => isSurprise || feelingOf(fault).strength === null,
  intro: ({ fault }) => [`${fault}: ${titleOf(fault)}.`],
  question: ({ fault }) => {
    const { min, max, description, name } = strengthParam(feelingOf(fault));
    return {
      kind: "text",
      message: `${name}: ${description} (${min} to ${max})`,
      initial: String(feelingOf(fault).suggested),
      check: (value) => wholeNumberProblem(value, min, max),
    };
  },
  act: (state, answer) => {
    state.strength = Number(answer);
    return Promise.resolve([]);
  },
  command: () => null,
};

export const zoneStep: WizardStep<WizardState> = {
  id: "zone",
  title: "Where",
  intro: ({ isSurprise }) => [isSurprise ? "Something is about to break." : "It begins as soon as you choose where."],
  question: (state) => ({ kind: "select", message: "Where shall it strike?", choices: placesOf(state) }),
  act: async (state, answer) => {
    state.zone = Number(answer);
    const drill = drillOf(state);
    drill.mark("break");
    state.lost.delete(state.fault);
    await drill.faults.activate({ fault_id: state.fault, params: paramsOf(state), target_zone_id: state.zone });
    state.activatedAtMs = Date.now();
    const { fault, zone } = state;
    state.saved.set("break", [{ name: "break", activate: { fault, zone, params: paramsOf(state) } }]);
    return [state.isSurprise ? "Something is broken now." : `${fault} is active now.`];
  },
  command: (state) => {
    if (state.isSurprise) return null;
    const flags = Object.entries(paramsOf(state)).map(([name, value]) => `--${name.replaceAll("_", "-")} ${value}`);
    const zone = state.zone === 0 ? [] : [`--zone ${state.zone}`];
    return commandAt(state, ["wowsim inject-fault activate", state.fault, ...flags, ...zone, "--hold"].join(" "));
  },
  undo: async (state) => {
    await drillOf(state).faults.release();
    for (const id of ["break", "tell", "mend"]) state.saved.delete(id);
  },
};

export const watchStep: WizardStep<WizardState> = {
  id: "watch",
  title: "What happens, in numbers",
  intro: () => [],
  question: () => goOn(`Watch it for ${WATCH_MS / 1_000} seconds?`, "Yes, and compare with before"),
  act: async (state, _answer, { signal, progress }) => {
    progress("watching");
    await sleep(WATCH_MS, signal);
    state.during = figuresOf(state);
    return figureLines(state.during, state.before);
  },
  command: (state) => commandAt(state, "wowsim health --watch"),
};

export const guessStep: WizardStep<WizardState> = {
  id: "guess",
  title: "Your guess",
  intro: () => ["From these numbers alone: what is it?"],
  question: () => ({
    kind: "select",
    message: "What is your guess?",
    choices: FAULTS.map(({ id, title }) => ({ value: id, label: id, hint: title })),
  }),
  act: (state, answer) => {
    state.guess = answer;
    return Promise.resolve([]);
  },
  command: () => null,
};

export const tellStep: WizardStep<WizardState> = {
  id: "tell",
  title: "What telemetry says",
  intro: () => ["The diagnosis reads telemetry and nothing else: nobody tells it what you broke."],
  question: () => goOn("Ask it?"),
  act: async (state, _answer, { signal, progress }) => {
    const { timeline } = drillOf(state);
    const endMs = performance.now() + DIAGNOSE_MS_MAX;
    progress("reading the last minutes of telemetry");
    let [best] = causesWithin(diagnose(timeline));
    // Health falls before a rule is confident: an unknown cause is no answer yet.
    while (best === undefined && performance.now() < endMs) {
      await sleep(POLL_MS, signal);
      [best] = causesWithin(diagnose(timeline));
    }
    best ??= diagnose(timeline)[0];
    state.diagnosis = best?.cause ?? "none";
    state.diagnosedAtMs = Date.now();
    const place = state.zone === 0 ? {} : { zone: state.zone };
    if (best?.cause === state.fault)
      state.saved.set("tell", [
        {
          name: "telemetry names the cause",
          wait: {
            diagnosis: state.fault,
            confidence: CONFIDENCE_MIN,
            ...(best.zones.includes(state.zone) ? place : {}),
          },
        },
      ]);
    const found =
      best === undefined ? ["Telemetry shows nothing wrong."] : diagnosisLines(diagnosisAt(best, placeOf(state)));
    return [...found, "", ...verdictLines(state)];
  },
  command: (state) => commandAt(state, "wowsim diagnose"),
};

/** Exported for its test. */
export function verdictLines({ fault, guess, diagnosis, lost }: WizardState): string[] {
  const verdict = (named: string): string => (named === fault ? "right" : "wrong");
  const told = diagnosis === "none" ? "no cause found" : `${diagnosis}, ${verdict(diagnosis)}`;
  // A fault that has already ended could not be found: that says nothing about the diagnosis.
  const isOver = lost.has(fault) && diagnosis !== fault;
  return [
    `It was ${fault}.`,
    `Your guess: ${guess}, ${verdict(guess)}.`,
    isOver
      ? `The diagnosis came too late: ${fault} had already ended (its time was up, or somebody ended it). Go back to break it again.`
      : `The diagnosis: ${told}.`,
  ];
}

function strengthParam({ fault, strength }: Feeling): FaultParam {
  const definition = FAULTS.find(({ id }) => id === fault);
  const param = definition === undefined ? undefined : describeParams(definition).find(({ name }) => name === strength);
  if (param === undefined) throw new Error(`${fault} has no parameter ${strength}.`);
  return param;
}

function paramsOf({ fault, strength }: WizardState): Record<string, number> {
  const feeling = feelingOf(fault);
  return { ...feeling.params, ...(feeling.strength === null ? {} : { [feeling.strength]: strength }) };
}

/** "All" only where the fault chooses its targets itself. */
function placesOf(state: WizardState): { value: string; label: string }[] {
  const all = { value: "0", label: "Everywhere" };
  if (!feelingOf(state.fault).hasZone) return [{ ...all, label: "Where the fault itself chooses" }];
  const zones = [...drillOf(state).timeline.zones.values()].toSorted((a, b) => a.id - b.id);
  return [...zones.map(({ id, name }) => ({ value: String(id), label: `Zone ${id} ${name}`.trimEnd() })), all];
}

const titleOf = (fault: string): string => FAULTS.find(({ id }) => id === fault)?.title ?? fault;
