// wowsim scenario: runs what is written down in a file, against a server of its own or one that is there, and says exactly
// how it went.
//
//   wowsim scenario list
//   wowsim scenario run latency-spike
//   wowsim scenario run my.toml --server 127.0.0.1:8081 --journal journal.json

import type { Command } from "commander";
import { messageOf } from "../../server/errors.ts";
import type { Where } from "../scenario/drill.ts";
import type { ActRecord } from "../scenario/play.ts";
import { addFormatFlag } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, namesServer, serverOf } from "../ui/server-flags.ts";
import type { ServerFlags } from "../ui/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, fail, isTerminal, note, out, outJson, paint } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";
import { wrapped } from "../ui/wrap.ts";

interface RunFlags extends ServerFlags {
  journal?: string;
  format: OutputFormat;
}

const STORY_COLUMNS = 74;
const FILE_HELP = "a .toml, .yaml or .json file, or the name of a scenario that comes with wowsim";
const INTERRUPTED = "interrupted; putting everything back. Once more ends at once: faults then end by themselves.";

export function register(program: Command): void {
  const command = program
    .command("scenario")
    .description("Break, watch and mend a server as a file says, and say exactly how it went.")
    .addHelpText(
      "after",
      [
        "",
        "See one at work: wowsim scenario run latency-spike",
        "Write your own:  docs/SCENARIOS.md; the wizard saves what you did as one",
      ].join("\n"),
    );
  registerRun(command);
  addFormatFlag(
    command
      .command("list")
      .description("Show the scenarios that come with wowsim, each with its story.")
      .addHelpText("after", exitCodes({ 0: "shown" })),
  ).action(list);
  addFormatFlag(
    command
      .command("check")
      .argument("<file>", FILE_HELP)
      .description("Say what is wrong with a scenario, without running it.")
      .addHelpText(
        "after",
        exitCodes({
          0: "it can be run",
          4: "there is no such file",
          64: "it can not (stderr says why, fault by fault), or wrong usage",
        }),
      ),
  ).action(check);
}

function registerRun(parent: Command): void {
  const command = parent
    .command("run")
    .argument("<file>", FILE_HELP)
    .description("Run a scenario or a Chaos Toolkit experiment.");
  addServerFlags(command, "scenario")
    .option("--journal <file>", "write what happened to this file, as JSON")
    .addHelpText(
      "after",
      "\nIt starts a server for itself, and stops it afterwards. To use one that runs,\n" +
        "name it: --server or WOWSIM_SERVER. Whatever happens, also at Ctrl-C, the\n" +
        "rollback runs, and all that was started is ended. If this command is killed,\n" +
        "its server ends with it, and its faults end by themselves within 2 s.\n" +
        exitCodes({
          0: "completed: every step was carried out, and what they insist on is true",
          1: "deviated: something that it insists on was not true",
          2: "failed: a step could not be carried out or measured",
          3: "no server answers",
          4: "there is no such file",
          64: "the file can not be run, or wrong usage",
          130: "aborted by Ctrl-C",
        }),
    );
  addFormatFlag(command).action(run);
}

/** The server that the flags or WOWSIM_SERVER name; null when neither does, for one that is started. */
async function attachedTo(flags: RunFlags): Promise<Where | null> {
  return namesServer(flags) ? await serverOf("scenario", flags) : null;
}

async function list({ format }: { format: OutputFormat }): Promise<void> {
  const { LIBRARY } = await import("../scenario/library.ts");
  const { parseScenario } = await import("../scenario/read-file.ts");
  const scenarios = [...LIBRARY].map(([name, text]) => {
    const { title, story, steps } = parseScenario(`${name}.toml`, text);
    return { name, title, story, steps: steps.length };
  });
  if (format === "json") return outJson({ scenarios });
  for (const { name, title, story } of scenarios) {
    out(`${paint.bold(name)}  ${title}`);
    for (const line of wrapped(story.replaceAll(/\s+/g, " ").trim(), STORY_COLUMNS)) out(paint.dim(`    ${line}`));
    out();
  }
  out("Run one: wowsim scenario run <name>");
}

async function check(file: string, { format }: { format: OutputFormat }): Promise<void> {
  const { openScript } = await import("../scenario/script.ts");
  try {
    const script = await openScript(file);
    const { title, notes, programs } = script;
    if (format === "json") return outJson({ ok: true, title, notes, programs });
    for (const text of notes) out(`note: ${text}`);
    for (const text of programs) out(`runs:  ${text}`);
    out(`${script.file} can be run: ${title}`);
  } catch (error) {
    if (format === "json") outJson({ ok: false, problems: messageOf(error).split("\n") });
    fail(error);
  }
}

async function run(file: string, flags: RunFlags): Promise<void> {
  const { openScript } = await import("../scenario/script.ts");
  const { linePrinter, verdictLine, EXIT_CODE_OF } = await import("../scenario/journal.ts");
  const isText = flags.format === "text";
  const bar = progressBar("", isText && isTerminal(process.stderr));
  const print = isText ? linePrinter(out) : () => {};
  const say = (text: string, speaker?: string): void => bar.interrupt(() => note(text, speaker));
  const keep = async (journal: unknown): Promise<void> => {
    if (flags.journal !== undefined) await Bun.write(flags.journal, `${JSON.stringify(journal, null, 2)}\n`);
  };
  let isInterrupted = false;
  let isOver = false;
  const onInterrupt = (): void => {
    isInterrupted = true;
    say(INTERRUPTED);
  };
  try {
    const script = await openScript(file);
    const where = await attachedTo(flags);
    if (isText) out(paint.bold(script.title));
    for (const text of script.notes) say(text, "note");
    let done = 0;
    const show = (text: string): void => bar.update(done / script.acts, text);
    const hooks = {
      where,
      onNote: (text: string) => say(text, "note"),
      begins: (_phase: unknown, act: { name: string }) => show(act.name),
      progress: show,
      report: (record: ActRecord) => {
        done++;
        bar.interrupt(() => print(record));
      },
    };
    const { played, journal } = await interruptible((signal) => script.run({ ...hooks, signal }), onInterrupt);
    bar.done();
    isOver = true;
    if (isText) out(verdictLine(played));
    else outJson(journal);
    process.exitCode = EXIT_CODE_OF[played.verdict];
    await keep(journal);
  } catch (error) {
    bar.done();
    if (isOver) return fail(`The journal is not written: ${messageOf(error)}`, EXIT.degraded);
    // Before anything was begun. The journal says that too: one from before would be taken for this one.
    const reason = isInterrupted ? "interrupted before anything was begun" : messageOf(error);
    const journal = { verdict: isInterrupted ? "aborted" : "failed", reason };
    if (!isText) outJson(journal);
    if (isInterrupted) fail(reason, EXIT.interrupted);
    else fail(error);
    await keep(journal);
  }
}
