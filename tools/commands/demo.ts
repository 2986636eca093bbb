// wowsim demo: the whole course of an incident in a minute, on a server of its own.

import type { Command } from "commander";
import { addFormatFlag, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { EXIT, isTerminal, out, outJson } from "../ui/output.ts";

interface DemoFlags {
  auto?: boolean;
  seed: number;
  format: OutputFormat;
}

export function register(program: Command): void {
  const command = program
    .command("demo")
    .description("Watch a real game server run, break, be diagnosed and mended, and refuse a bad hotfix.")
    .option("--auto", "never ask whether to go on; about 100 s")
    .option("--seed <n>", "seed of everything random", parseInteger(0, 0xffff_ffff), 1)
    .addHelpText(
      "after",
      [
        "",
        "It starts a server of its own on free ports, with its data in a temporary",
        "folder, and leaves nothing behind, also when it is interrupted. Every line is",
        "measured.",
        "Without a terminal it prints plain text and never asks.",
        exitCodes({ 0: "every claim was true", 1: "a claim was false, or it could not go on", 130: "Ctrl-C" }),
      ].join("\n"),
    );
  addFormatFlag(command).action(demo);
}

async function demo({ auto, seed, format }: DemoFlags): Promise<void> {
  const stop = new AbortController();
  listen(stop);
  const isAuto = auto === true;
  const [{ runDemo }, narrator] = await Promise.all([
    import("../demo/demo.ts"),
    chooseNarrator(isAuto, format, stop.signal),
  ]);
  const { ok, ended, claims, facts, tookMs } = await runDemo({ narrator, signal: stop.signal, seed });
  if (format === "json") outJson({ ok, ended, took_ms: Math.round(tookMs), claims, facts });
  if (ok && !isAuto && format === "text" && isTerminal() && isTerminal(process.stdin)) await offerWizard(stop.signal);
  process.exit(stop.signal.aborted ? EXIT.interrupted : ok ? EXIT.ok : EXIT.degraded);
}

/** A user who has watched the demo may want to do the same by hand. */
async function offerWizard(signal: AbortSignal): Promise<void> {
  const { confirm } = await import("@clack/prompts");
  const { orCancelled } = await import("../ui/ask.ts");
  const message = "Do it yourself now, step by step?";
  const answer = await orCancelled(confirm({ message, initialValue: false, signal }), signal);
  if (answer !== true) return;
  const { wizard } = await import("./wizard.ts");
  await wizard();
}

async function chooseNarrator(auto: boolean, format: OutputFormat, signal: AbortSignal) {
  const { PlainNarrator } = await import("../demo/narrator.ts");
  if (format === "json") return new PlainNarrator(() => {});
  if (!isTerminal()) return new PlainNarrator(out);
  const { ClackNarrator } = await import("../demo/narrator-clack.ts");
  return new ClackNarrator({ asks: !auto, signal });
}

/** The first Ctrl-C, SIGTERM or hang-up cleans up in order; the second ends at once. */
function listen(stop: AbortController): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      stop.abort();
    });
  }
}
