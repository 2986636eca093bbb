// wowsim deploy MODULE.wasm: canaries a kernel build on one zone of a running server, then promotes it or rolls it back.
// Its subcommands (deploy-subcommands.ts) show earlier deploys and roll back.

import { basename } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
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
  canaryDuration: number;
  allowIdle?: boolean;
  format: OutputFormat;
}

const PROBLEM_LENGTH_MAX = 200;
const INTERRUPTED =
  "interrupted: rolling back what was swapped. Ctrl-C again leaves that to the server, which does it when the lease ends.";

export function register(program: Command): void {
  const command = program
    .command("deploy")
    .argument("<module>", "an unmetered kernel binary, such as assembly/build/kernel.wasm")
    .description("Hotfix a running server: canary a kernel on one zone, then promote it or roll it back.");
  addServerFlags(command, "deploy")
    .option("--canary-zone <n>", "zone to try it on; default: the one with the fewest players", parseInteger(1, 65_535))
    .addOption(
      new Option("--canary-duration <time>", "how long to watch it, up to 50m")
        .argParser(parseWatch)
        .default(20_000, "20s"),
    )
    .option("--allow-idle", "also judge a zone where nobody casts spells")
    .addHelpText(
      "after",
      [
        "",
        "The module is swapped into one zone between two ticks, compared there with",
        "the zone's own past and with the other zones, and promoted only when every",
        "check holds. Missing data or an error never promotes; Ctrl-C rolls back, and",
        "if this command dies the server rolls back by itself.",
        "",
        "Build a module:     wowsim build-kernel --out kernel.wasm",
        "A bad one to try:   wowsim build-kernel --variant regression --out x.wasm",
        "What runs, what ran, undo: wowsim deploy status, history, rollback",
        "How to read the output: docs/DEPLOYS.md",
        exitCodes({
          0: "promoted in every zone",
          1: "rolled back, refused or inconclusive (the reason comes first)",
          3: "no server answers, or it stopped answering",
          4: "there is no such file",
          130: "Ctrl-C twice; the swapped zone rolls back when its lease ends",
        }),
      ].join("\n"),
    );
  addFormatFlag(command).action(deploy);
  addSubcommands(command);
}

/** At 20 Hz a watch of less than about 7 s has too few ticks for a verdict; the verdict itself reports that. */
const parseWatch = durationFrom("1s", "50m", "At 20 Hz at least 7s, else there are too few ticks to judge by.");

async function deploy(file: string, flags: DeployFlags): Promise<void> {
  const { deployFile } = await import("../deploy/deploy-file.ts");
  const isText = flags.format === "text";
  const bar = progressBar("canary", isText && isTerminal(process.stderr));
  const show = isText ? printStage() : () => {};
  const stages: StageReport[] = [];
  const { canaryZone, canaryDuration, allowIdle = false } = flags;
  await interruptible(async (signal) => {
    signal.addEventListener("abort", () => bar.interrupt(() => note(INTERRUPTED)));
    try {
      const result = await withServer("deploy", flags, ({ host, ports, token }) => {
        const options = { host, controlPort: ports.control, telemetryPort: ports.telemetry, token };
        return deployFile(file, { ...options, canaryZone, canaryDuration, allowIdle }, signal, {
          report: (stage) => {
            stages.push(stage);
            bar.interrupt(() => show(stage));
          },
          progress: (share, text) => bar.update(share, text),
        });
      });
      bar.done();
      if (result.outcome === "refused") return fail(refusalOf(file, result, stages.at(-1)));
      if (isText) printResult(result);
      else outJson({ ...result, stages });
      process.exitCode = result.outcome === "promoted" ? EXIT.ok : EXIT.degraded;
    } catch (error) {
      bar.done();
      const isEarly = signal.aborted && error === signal.reason;
      const problem = isEarly ? "interrupted before anything was swapped" : error;
      fail(problem, exitCodeOf(error));
    }
  });
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
function refusalOf(file: string, { reason }: CanaryResult, last: StageReport | undefined): WowsimError {
  if (last === undefined || !isNoKernel(last))
    return new WowsimError("deploy_refused", `Nothing was swapped: ${reason}`);
  const problems = Array.isArray(last.data["problems"]) ? last.data["problems"].map(String) : [last.text];
  const first = (problems[0] ?? last.text).replaceAll(/\s+/g, " ").slice(0, PROBLEM_LENGTH_MAX);
  const more = problems.length > 1 ? ` And ${problems.length - 1} more problems: --format json has them.` : "";
  const told = wantsJson() ? problems.join(" ") : `${first}${more}`;
  const message = `${basename(file)} is no kernel to deploy: ${told}\nBuild one: wowsim build-kernel --out kernel.wasm`;
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
  out(`\n${outcome === "promoted" ? paint.green(word) : paint.red(word)} ${hash}${times}: ${reason}`);
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
