// A script that can be opened, checked and run: a scenario or a Chaos Toolkit experiment, a file or one included in wowsim.
//
//   const script = await openScript("latency-spike")
//   const { played, journal } = await script.run({ where: null, signal, report })

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { WowsimError } from "../../server/protocol/errors.ts";
import { nearest } from "../../server/protocol/did-you-mean.ts";
import { checkExperiment, isExperiment } from "./chaos/experiment.ts";
import type { Experiment } from "./chaos/experiment.ts";
import { chaosJournal } from "./chaos/journal.ts";
import { runExperiment } from "./chaos/run-experiment.ts";
import type { Where } from "./drill.ts";
import { journalOf } from "./journal.ts";
import type { JournalSource } from "./journal.ts";
import { LIBRARY } from "./library.ts";
import type { Audience, Played } from "./play.ts";
import { parseScenario, readData, checkScenario } from "./read-file.ts";
import { runScenario } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";

export interface ScriptOptions extends Audience {
  /** Null: a server is started. */
  where: Where | null;
  onNote?(text: string): void;
}

export interface Script {
  file: string;
  title: string;
  /** Parts of the file that are ignored. */
  notes: readonly string[];
  /** Programs of this machine that it runs, as command lines. */
  programs: readonly string[];
  /** The highest possible number of acts, for a progress bar. */
  acts: number;
  /** Throws WowsimError when it can not begin. */
  run(options: ScriptOptions): Promise<{ played: Played; journal: object }>;
}

/** Throws WowsimError: no_such_file, scenario_invalid, usage. */
export async function openScript(nameOrFile: string): Promise<Script> {
  const text = LIBRARY.get(nameOrFile);
  if (text !== undefined) {
    const file = `${nameOrFile}.toml`;
    return scenarioScript(file, parseScenario(file, text), import.meta.dir);
  }
  if (!existsSync(nameOrFile)) throw noSuchScript(nameOrFile);
  const data = await readData(nameOrFile);
  const folder = dirname(resolve(nameOrFile));
  if (isExperiment(data)) return experimentScript(nameOrFile, checkExperiment(nameOrFile, data), folder);
  return scenarioScript(nameOrFile, checkScenario(nameOrFile, data), folder);
}

function noSuchScript(nameOrFile: string): WowsimError {
  const meant = meantBy(nameOrFile);
  const hint = meant === null ? "" : ` Did you mean "${meant}"?`;
  const message = `There is no file ${nameOrFile}, and no scenario of that name.${hint} See those that come with wowsim: wowsim scenario list`;
  return new WowsimError("no_such_file", message);
}

/** The included scenario with the most similar name, or the one about the fault of that name. */
function meantBy(word: string): string | null {
  const faults = [...LIBRARY].flatMap(([name, text]) =>
    parseScenario(`${name}.toml`, text).steps.flatMap(({ action }): [string, string][] =>
      action.kind === "activate" ? [[action.with.fault, name]] : [],
    ),
  );
  const byWord = new Map([...faults, ...[...LIBRARY.keys()].map((name): [string, string] => [name, name])]);
  return byWord.get(nearest(word, [...byWord.keys()]) ?? "") ?? null;
}

/** The acts that drills add to every script: they end faults, players, connections and the server. */
const PUT_AWAY_ACTS = 4;

function scenarioScript(file: string, scenario: Scenario, folder: string): Script {
  const { title, steady, steps, rollback } = scenario;
  return {
    file,
    title,
    notes: [],
    programs: [],
    acts: 1 + 2 * steady.length + steps.length + rollback.length + PUT_AWAY_ACTS,
    run: async (options) => {
      const notes: string[] = [];
      let server: JournalSource["server"] = null;
      const played = await runScenario(scenario, {
        ...options,
        folder,
        onNote: (note) => {
          notes.push(note);
          options.onNote?.(note);
        },
        onStarted: ({ isOwnServer, where }) => {
          server = { started: isOwnServer, host: where.host, ports: where.ports };
        },
      });
      return { played, journal: journalOf({ file, title, server }, played, notes) };
    },
  };
}

function experimentScript(file: string, experiment: Experiment, folder: string): Script {
  const { notes, programs, steady, method, rollbacks, redact } = experiment;
  const title = redact(experiment.title);
  return {
    file,
    title,
    notes,
    programs,
    acts: 2 * steady.length + method.length + rollbacks.length + PUT_AWAY_ACTS,
    run: async (options) => {
      const { begins, progress, report, onNote } = options;
      const quiet: Pick<ScriptOptions, "begins" | "progress" | "report" | "onNote"> = {
        begins: (phase, act) => begins?.(phase, { ...act, name: redact(act.name) }),
        progress: (text) => progress?.(redact(text)),
        report: (record) => report(redact(record)),
        onNote: (text) => onNote?.(redact(text)),
      };
      const played = redact(await runExperiment(experiment, { ...options, ...quiet, folder }));
      return { played, journal: redact(chaosJournal(experiment, played)) };
    },
  };
}
