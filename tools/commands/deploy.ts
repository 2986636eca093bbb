// wowsim deploy SOURCE: builds or reads a kernel, canaries it on one zone of a running server, then promotes it or rolls it back.
// Its subcommands (deploy-subcommands.ts) show earlier deploys and roll back.

import { basename } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { FORCE_REASON_LENGTH_MAX } from "../../server/protocol/deploy-validation.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { CanaryResult, StageReport } from "../deploy/canary.ts";
import { addFormatFlag, durationFrom, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, withServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, exitCodeOf, fail, isTerminal, note, out, outJson, paint, wantsJson } from "../ui/output.ts";
import { addSubcommands } from "./deploy-subcommands.ts";
import { progressBar } from "../ui/progress.ts";

interface DeployFlags extends ServerFlags {
  canaryZone?: number;
  canaryDuration?: number;
  policy?: string;
  allowIdle?: boolean;
  expect?: string;
  last?: number;
  force?: boolean;
  reason?: string;
  dryRun?: boolean;
  undo?: boolean;
  format: OutputFormat;
}

const PROBLEM_LENGTH_MAX = 200;
const INTERRUPTED =
  "interrupted: rolling back what was swapped. Ctrl-C again leaves that to the server, which does it in half a minute.";

export function register(program: Command): void {
  const command = program
    .command("deploy")
    .argument("<source>", "a .wasm file, a folder with kernel sources, or a candidate's name")
    .description("Hotfix a running server: canary a kernel on one zone, then promote it or roll it back.");
  addServerFlags(command, "deploy")
    .option("--canary-zone <n>", "zone to try it on; default: the one with the fewest players", parseInteger(1, 65_535))
    .addOption(
      new Option(
        "--canary-duration <time>",
        "how long to watch it, up to 50m; default: 30s, or as the policy says",
      ).argParser(parseWatch),
    )
    .option("--policy <file>", "TOML with limits, how long each stage watches, and waves")
    .option("--allow-idle", "also where too little is played to judge by")
    .option("--expect <file>", "TOML with what it is meant to change; default: the file beside the source")
    .addOption(
      new Option(
        "--last <time>",
        "recorded play of each zone that it is validated by, up to 10m; default: 1m",
      ).argParser(durationFrom("1s", "10m")),
    )
    .option("--force", "go on whatever validation and shadow say; needs --reason")
    .option("--reason <text>", "why, for the history", parseReason)
    .option("--dry-run", "stop before the swap")
    .option("--undo", "undo what it did whenever it is rolled back")
    .addHelpText(
      "after",
      [
        "",
        "First the server judges the module by its own journal: each tick again, by both",
        "modules, from the same state. What differs and is not expected is refused before",
        "any player meets it, and so is what costs more. Then it runs beside the zones",
        "for a while, on what their players do just now.",
        "",
        "The module is swapped into one zone between two ticks. The module before runs",
        "beside it, on the same ticks: what differs there is the code. It is promoted",
        "only when every check holds, wave by wave, and zones are watched on after that.",
        "Missing data or an error never promotes; Ctrl-C rolls back, and if this command",
        "dies the server rolls back by itself. What the module did otherwise than the",
        "one before is undone.",
        "",
        "A folder is a whole kernel, or the changed files of one over this tree's. Beside",
        "the source may lie what it is expected to change: fix.expect.toml for fix.wasm,",
        "expect.toml in a folder.",
        "",
        "A bad one to try:   wowsim deploy regression",
        "The other drills:   wowsim candidates",
        "Build a module:     wowsim build-kernel --out kernel.wasm",
        "What runs, what ran, back, on: wowsim deploy status, history, rollback, promote",
        "How to read the output: docs/DEPLOYS.md",
        exitCodes({
          0: "promoted in every zone; with --dry-run: it would be tried",
          1: "rolled back, aborted, refused or inconclusive (the reason comes first)",
          3: "no server answers, or it stopped answering",
          4: "there is no such file, folder or candidate",
          130: "Ctrl-C twice; the server rolls the swapped zones back",
        }),
      ].join("\n"),
    );
  addFormatFlag(command).action(deploy);
  addSubcommands(command);
}

/** At 20 Hz a shorter watch has too few ticks for a verdict; the verdict itself reports that. */
const parseWatch = durationFrom("1s", "50m", "At 20 Hz at least 22s, else there are too few ticks to judge by.");

async function deploy(source: string, flags: DeployFlags): Promise<void> {
  const { deploySource } = await import("../deploy/deploy-source.ts");
  const isText = flags.format === "text";
  const bar = progressBar("canary", isText && isTerminal(process.stderr));
  const show = isText ? printStage() : () => {};
  const stages: StageReport[] = [];
  const {
    canaryZone,
    canaryDuration,
    allowIdle = false,
    expect,
    last: lastMs,
    dryRun: isDry,
    reason,
    undo,
    policy,
  } = flags;
  if ((flags.force === true) !== (reason !== undefined))
    return fail("--force and --reason go together: the history keeps why.", EXIT.usage);
  const wish = { canaryZone, canaryDuration, allowIdle, expect, lastMs, force: reason, isDry, undo, policy };
  await interruptible(async (signal) => {
    signal.addEventListener("abort", () => bar.interrupt(() => note(INTERRUPTED)));
    try {
      const result = await withServer("deploy", flags, ({ host, ports, token }) => {
        const options = { host, controlPort: ports.control, telemetryPort: ports.telemetry, token };
        return deploySource(source, { ...options, ...wish }, signal, {
          report: (stage) => {
            stages.push(stage);
            bar.interrupt(() => show(stage));
          },
          progress: (share, text) => bar.update(share, text),
        });
      });
      bar.done();
      // What was judged is a result, also when the judgement came before the swap.
      const isJudged = JUDGED.has(stages.at(-1)?.stage ?? "");
      const isError = result.outcome === "refused" && (isText || !isJudged);
      if (isError) return fail(refusalOf(source, result, stages.at(-1)));
      if (isText) printResult(result);
      else outJson({ ...result, stages });
      process.exitCode = ["promoted", "validated"].includes(result.outcome) ? EXIT.ok : EXIT.degraded;
    } catch (error) {
      bar.done();
      const isEarly = signal.aborted && error === signal.reason;
      const problem = isEarly ? "interrupted before anything was swapped" : error;
      fail(problem, exitCodeOf(error));
    }
  });
}

/** Stages that judge a module before the swap. */
const JUDGED: ReadonlySet<string> = new Set(["validate", "shadow"]);

function parseReason(text: string): string {
  const told = text.trim();
  if (told !== "" && told.length <= FORCE_REASON_LENGTH_MAX) return told;
  throw new InvalidArgumentError(`Give a reason of 1 to ${FORCE_REASON_LENGTH_MAX} characters.`);
}

/** Prints each stage's name once, with its further lines below it. */
function printStage(): (stage: StageReport) => void {
  let last = "";
  return (report) => {
    if (isNoKernel(report)) return;
    const { stage, ok, text } = report;
    const name = stage === last ? "" : stage;
    last = stage;
    out(`${paint.bold(name.padEnd(9))} ${ok ? paint.green("ok ") : paint.red("NO ")} ${text}`);
  };
}

const isNoKernel = ({ stage, ok }: StageReport): boolean => stage === "check" && !ok;

/** Nothing was swapped: the reason, and how to build a module when the file can not be one. */
function refusalOf(source: string, { reason }: CanaryResult, last: StageReport | undefined): WowsimError {
  if (last === undefined || !isNoKernel(last))
    return new WowsimError("deploy_refused", `Nothing was swapped: ${reason}`);
  const problems = Array.isArray(last.data["problems"]) ? last.data["problems"].map(String) : [last.text];
  const first = (problems[0] ?? last.text).replaceAll(/\s+/g, " ").slice(0, PROBLEM_LENGTH_MAX);
  const more = problems.length > 1 ? ` And ${problems.length - 1} more problems: --format json has them.` : "";
  const told = wantsJson() ? problems.join(" ") : `${first}${more}`;
  const message = `${basename(source)} is no kernel to deploy: ${told}\nBuild one: wowsim build-kernel --out kernel.wasm`;
  return new WowsimError("module_refused", message);
}

function printResult(result: CanaryResult): void {
  const { outcome, hash, reason, watchedMs, settledMs } = result;
  const isOpen = result.verdict?.conclusion === "inconclusive" && outcome === "rolled_back";
  const word = `${isOpen ? "inconclusive, " : ""}${outcome.replace("_", " ")}`;
  const times =
    watchedMs === null
      ? ""
      : ` after ${seconds(watchedMs)}${settledMs === null ? "" : `, in order again ${seconds(settledMs)} later`}`;
  out(
    `\n${outcome === "promoted" || outcome === "validated" ? paint.green(word) : paint.red(word)} ${hash}${times}: ${reason}`,
  );
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
