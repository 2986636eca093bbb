// The wizard's last steps: the repair, a bad and a good hotfix, the summary, and saving everything as a scenario.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { causesWithin, diagnose } from "../analysis/diagnosis.ts";
import { shellWord } from "../client/server-name.ts";
import { sleep } from "../ui/sleep.ts";
import { loadModule } from "../scenario/modules.ts";
import { checkScenario } from "../scenario/read-file.ts";
import { takeBackKernel } from "./opening.ts";
import { drillOf, figureLines, figuresOf, commandAt } from "./state.ts";
import type { WizardState } from "./state.ts";
import { goOn } from "./wizard.ts";
import type { WizardStep } from "./wizard.ts";

const SETTLE_MS_MAX = 20_000;
const LOOK_MS = 3_000;
const POLL_MS = 250;
const WATCH_MS = 10_000;
const SKIP = "skip";
const NAME = "my-scenario.toml";

export const mendStep: WizardStep<WizardState> = {
  id: "mend",
  title: "Mending it",
  intro: () => ["In real life you would follow the runbook. Here the fault is ended, and what it did is put back."],
  question: () => goOn("End the fault?", "Yes, and see whether it is as before"),
  act: async (state, _answer, { signal, progress }) => {
    const drill = drillOf(state);
    await drill.faults.deactivate(state.fault);
    progress("waiting until nothing is diagnosed any more");
    const endMs = performance.now() + SETTLE_MS_MAX;
    while (causesWithin(diagnose(drill.timeline)).length > 0 && performance.now() < endMs) await sleep(POLL_MS, signal);
    state.mendedAtMs = Date.now();
    drill.mark("mended");
    await sleep(LOOK_MS, signal);
    state.after = figuresOf(state);
    state.saved.set("mend", [
      { deactivate: state.fault },
      { name: "it is as before", wait: { diagnosis: "none-in-server" } },
    ]);
    const left = causesWithin(diagnose(drill.timeline)).map(({ cause }) => cause);
    const verdict = left.length === 0 ? "Nothing is diagnosed any more." : `Still diagnosed: ${left.join(", ")}.`;
    return [...figureLines(state.after, state.during), verdict];
  },
  command: (state) => commandAt(state, `wowsim inject-fault deactivate ${state.fault}`),
};

const hotfixStep = (
  id: string,
  candidate: "regression" | "hotfix",
  title: string,
  intro: readonly string[],
  /** The wizard deploys without a validation, to show what a canary does. */
  flags = "",
): WizardStep<WizardState> => ({
  id,
  title,
  intro: () => intro,
  question: () => ({
    kind: "select",
    message: "Deploy it?",
    choices: [
      { value: "go", label: "Yes: to one zone first, under the judge's eyes", hint: "takes half a minute" },
      { value: SKIP, label: "No, leave it out" },
    ],
  }),
  act: async (state, answer, { signal, progress }) => {
    state.saved.delete(id);
    if (answer === SKIP) return [];
    progress(`building ${candidate}`);
    const { wasm, label } = await loadModule(candidate, state.folder);
    const result = await drillOf(state).deploy(
      { wasm, label, watchMs: WATCH_MS },
      { signal, report: ({ text }) => progress(text), progress: (_share, text) => progress(text) },
    );
    signal.throwIfAborted();
    const { outcome, reason, sessionsLost } = result;
    const lines = [`${label} was ${outcome.replace("_", " ")}.`, `Why: ${reason}`, `Sessions lost: ${sessionsLost}.`];
    state.deploys.set(id, `${label}: ${outcome.replace("_", " ")}, ${sessionsLost} sessions lost`);
    if (outcome === "promoted") state.isPromoted = true;
    state.saved.set(id, [{ name: title, deploy: { source: candidate, expect: outcome } }]);
    return lines;
  },
  undo: async (state) => {
    state.saved.delete(id);
    state.deploys.delete(id);
    await takeBackKernel(state);
  },
  command: (state) => commandAt(state, `wowsim deploy ${candidate}${flags}`),
});

export const badHotfixStep = hotfixStep(
  "bad",
  "regression",
  "A bad hotfix",
  [
    "Somebody has mended something in a hurry. It passes every static check, and",
    "gets slower with every player in sight. Will it go live?",
  ],
  " --force --reason drill",
);

export const goodHotfixStep = hotfixStep("good", "hotfix", "A good hotfix", [
  "And one that does the same for a little less work.",
]);

export const summaryStep: WizardStep<WizardState> = {
  id: "summary",
  title: "Summary",
  intro: (state) => [
    `broke        ${state.fault}${state.zone === 0 ? "" : ` in zone ${state.zone}`}, with ${state.players} players`,
    `diagnosed    ${state.diagnosis}, ${seconds(state.diagnosedAtMs - state.activatedAtMs)} after it broke`,
    `your guess   ${state.guess}, ${state.guess === state.fault ? "right" : "wrong"}`,
    `mended       ${seconds(state.mendedAtMs - state.activatedAtMs)} after it broke`,
    ...[...state.deploys.values()].map((line) => `deployed     ${line}`),
  ],
  question: () => ({
    kind: "select",
    message: "Save it as a scenario, to run it again whenever you like?",
    choices: [
      { value: "go", label: "Yes" },
      { value: SKIP, label: "No, that was it" },
    ],
  }),
  act: (state, answer) => {
    state.savedAs = answer === SKIP ? "" : NAME;
    return Promise.resolve([]);
  },
  command: () => null,
};

export const saveStep: WizardStep<WizardState> = {
  id: "save",
  title: "Saving",
  isLeftOut: ({ savedAs }) => savedAs === "",
  intro: () => [],
  question: ({ folder }) => ({
    kind: "text",
    message: "The file's name",
    initial: NAME,
    check: (value) => {
      if (!value.trim().endsWith(".toml")) return "Give a name that ends in .toml.";
      return existsSync(resolve(folder, value.trim())) ? `${value.trim()} is there already; give another name.` : null;
    },
  }),
  act: async (state, answer) => {
    const file = resolve(state.folder, answer.trim());
    const text = scenarioText(state);
    checkScenario(file, Bun.TOML.parse(text));
    await Bun.write(file, text);
    state.savedAs = file;
    return [`Saved as ${file}.`];
  },
  command: ({ savedAs }) => `wowsim scenario run ${shellWord(savedAs)}`,
};

/** Everything that was done, as a file for wowsim scenario. */
export function scenarioText({ fault, players, saved }: WizardState): string {
  const steps = [...saved.values()].flat();
  return Bun.TOML.stringify({
    title: `${fault}, as it was tried out with the wizard`,
    story: `Written by wowsim wizard: ${players} players, and ${fault}.`,
    players: { count: players, rate: 3 },
    steady: [{ diagnosis: "none-in-server" }],
    steps,
    rollback: [{ deactivate: fault }, ...(steps.some((step) => "deploy" in step) ? [{ rollback_deploy: 0 }] : [])],
  });
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
