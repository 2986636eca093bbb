// wowsim scenario: runs the steps in a file, against its own server or a running one, and reports exactly how they
// went.
//
//   wowsim scenario list
//   wowsim scenario run latency-spike
//   wowsim scenario run my.toml --server 127.0.0.1:8081 --journal journal.json

import type { Command } from "commander";
import { messageOf } from "../../server/protocol/errors.ts";
import type { Where } from "../scenario/drill.ts";
import type { Batch } from "../scenario/batch.ts";
import { addFormatFlag, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, namesServer, serverOf } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, fail, isTerminal, note, out, outJson, paint } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";
import { wrapped } from "../ui/wrap.ts";

interface RunFlags extends ServerFlags {
  all?: true;
  jobs: number;
  journal?: string;
  junit?: string;
  report?: string;
  format: OutputFormat;
}

const STORY_COLUMNS = 74;
const FILE_HELP = "a .toml, .yaml or .json file, or the name of a scenario that comes with wowsim";
const INTERRUPTED = "interrupted: putting everything back. Ctrl-C again ends at once; faults then end by themselves.";

export function register(program: Command): void {
  const command = program
    .command("scenario")
    .description("Run the steps in a file (break, watch and mend a server), and report exactly how they went.")
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
      .description("Report all problems of a scenario, without running it.")
      .addHelpText(
        "after",
        exitCodes({
          0: "it can be run",
          4: "there is no such file",
          64: "it can not (stderr lists the problems), or wrong usage",
        }),
      ),
  ).action(check);
}

function registerRun(parent: Command): void {
  const command = parent
    .command("run")
    .argument("[file...]", `${FILE_HELP}; several are run one after the other, or with --jobs some at once`)
    .description("Run scenarios or Chaos Toolkit experiments.");
  addServerFlags(command, "scenario")
    .option("--all", "run every scenario that comes with wowsim")
    .option("--jobs <n>", "how many run at once, each on a server of its own", parseInteger(1, 16), 1)
    .option("--journal <file>", "write what happened to this file, as JSON")
    .option("--junit <file>", "write it as JUnit XML, for a CI")
    .option("--report <file>", "write it as a page of HTML")
    .addHelpText(
      "after",
      "\nIt starts a server for itself, and stops it afterwards. To use one that runs,\n" +
        "name it: --server or WOWSIM_SERVER. Whatever happens, also at Ctrl-C, the\n" +
        "rollback runs, and all that was started is ended. If this command is killed,\n" +
        "its server ends with it, and its faults end by themselves within 2 s.\n" +
        exitCodes({
          0: "completed: every step was carried out, and every check held",
          1: "deviated: a check did not hold",
          2: "failed: a step could not be carried out or measured",
          3: "no server answers",
          4: "there is no such file",
          64: "the file can not be run, or wrong usage",
          130: "aborted by Ctrl-C",
        }) +
        "\nWith several files, the worst counts.",
    );
  addFormatFlag(command).action((files: string[], flags: RunFlags) => run(files, flags, command));
}

/** The server that the flags or WOWSIM_SERVER name; null when neither does, and one is started. */
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
  out(`Run one: wowsim scenario run ${scenarios[0]?.name}`);
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
    fail(error);
  }
}

async function run(files: string[], flags: RunFlags, command: Command): Promise<void> {
  const { LIBRARY } = await import("../scenario/library.ts");
  const { runBatch } = await import("../scenario/batch.ts");
  const { linePrinter, verdictLine, EXIT_CODE_OF } = await import("../scenario/journal.ts");
  const wanted = [...files, ...(flags.all === true ? LIBRARY.keys() : [])];
  if (wanted.length === 0) command.error("error: say which file to run, or --all", { exitCode: EXIT.usage });
  const isText = flags.format === "text";
  const bar = progressBar("", isText && isTerminal(process.stderr));
  const say = (text: string, speaker?: string): void => bar.interrupt(() => note(text, speaker));
  const isAtOnce = flags.jobs > 1 && wanted.length > 1;
  /** By index of a file: lines that wait for its end, when several run at once. */
  const held = new Map<number, string[]>();
  let where: Where | null;
  try {
    where = await attachedTo(flags);
  } catch (error) {
    return fail(error);
  }
  const batch = await interruptible(
    (signal) =>
      runBatch(wanted, {
        where,
        jobs: flags.jobs,
        signal,
        onNote: (text) => say(text, "note"),
        audienceOf: (script, index) => {
          const lines: string[] = [];
          if (isAtOnce) held.set(index, lines);
          const show = isAtOnce ? (line: string): void => void lines.push(line) : out;
          if (isText) show(paint.bold(script.title));
          for (const text of script.notes) say(text, "note");
          const print = isText ? linePrinter(show) : () => {};
          let done = 0;
          const draw = (text: string): void =>
            bar.update(done / script.acts, isAtOnce ? `${script.title}: ${text}` : text);
          return {
            begins: (_phase, act) => draw(act.name),
            progress: draw,
            report: (record) => {
              done++;
              bar.interrupt(() => print(record));
            },
          };
        },
        ended: ({ file, played, reason }, index) => {
          bar.done();
          for (const line of held.get(index) ?? []) out(line);
          if (isText && played !== null) out(verdictLine(played));
          else if (isText && wanted.length > 1) out(`${paint.red("not begun")} ${file}: ${reason}`);
          if (isText && wanted.length > 1) out();
        },
      }),
    () => say(INTERRUPTED),
  );
  const { verdict, ran, error } = batch;
  const [first] = ran;
  const isOne = wanted.length === 1 && first !== undefined;
  const journal = isOne ? first.journal : { verdict, scenarios: ran.map((each) => each.journal) };
  const isBegun = !isOne || first.played !== null;
  // A scenario that could not begin is an error; one that was cancelled before it began has a verdict like any other.
  const isError = !isBegun && error !== null;
  if (!isText && !isError) outJson(journal);
  else if (isText && !isOne) for (const line of summaryOf(batch)) out(line);
  if (isError) fail(error);
  else if (!isBegun && isText) fail(first?.reason, EXIT.interrupted);
  else process.exitCode = EXIT_CODE_OF[verdict];
  await keep(batch, journal, flags);
}

function summaryOf({ ran }: Batch): string[] {
  const good = ran.filter(({ verdict }) => verdict === "completed");
  const others = ran.filter(({ verdict }) => verdict !== "completed");
  return [
    ...others.map(({ file, verdict, reason }) => `${paint.red(verdict.toUpperCase())} ${file}: ${reason}`),
    `${good.length} of ${ran.length} completed`,
  ];
}

/** Writes the requested files; when one can not be written, the others still are. */
async function keep(batch: Batch, journal: object, flags: RunFlags): Promise<void> {
  const { junitReport } = await import("../scenario/report-junit.ts");
  const { htmlReport } = await import("../scenario/report-html.ts");
  const secret = flags.token;
  const words = process.argv.slice(2).map((word) => (secret === undefined ? word : word.replace(secret, "*****")));
  const command = `wowsim ${words.join(" ")}`;
  const files: [what: string, file: string | undefined, text: () => string][] = [
    ["journal", flags.journal, () => `${JSON.stringify(journal, null, 2)}\n`],
    ["JUnit report", flags.junit, () => junitReport(batch)],
    ["report", flags.report, () => htmlReport(batch, command)],
  ];
  for (const [what, file, text] of files) {
    if (file === undefined) continue;
    try {
      await Bun.write(file, text());
    } catch (error) {
      fail(`The ${what} is not written: ${messageOf(error)}`, EXIT.degraded);
    }
  }
}
