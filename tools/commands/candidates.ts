// wowsim candidates: lists the kernels for drills and tests that come with wowsim.

import type { Command } from "commander";
import { addFormatFlag } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { fail, out, outJson } from "../ui/output.ts";
import { tableLines } from "../ui/table.ts";

export function register(program: Command): void {
  const command = program
    .command("candidates")
    .description("List the kernels for drills: good and bad hotfixes, each with a small true change.")
    .addHelpText(
      "after",
      [
        "",
        "The stage is where a deploy is expected to stop a bad one:",
        "  validate   the recorded ticks, each from the recorded state",
        "  free-run   the recorded ticks, each from the candidate's own state",
        "  cost       fuel, and time in paired runs",
        "  canary     one zone under live players: nothing before it shows the harm",
        "",
        "Deploy one:         wowsim deploy NAME",
        "As a module:        wowsim build-kernel --candidate NAME --out NAME.wasm",
        "Make one:           docs/CANDIDATES.md",
        exitCodes({ 0: "listed", 1: "one of the files is wrong (stderr says which)" }),
      ].join("\n"),
    );
  addFormatFlag(command).action(list);
}

async function list({ format }: { format: OutputFormat }): Promise<void> {
  const { readCandidates } = await import("../../assembly/toolchain/candidates.ts");
  try {
    const candidates = await readCandidates();
    if (format === "json") {
      return outJson(candidates.map(({ name, label, about, stage }) => ({ name, label, about, stage })));
    }
    const byLabel = candidates.toSorted((one, other) => other.label.localeCompare(one.label));
    const rows = byLabel.map(({ name, label, stage, about }) => [name, label, stage, about]);
    for (const line of tableLines(["name", "label", "stage", "what it changes"], rows)) out(line);
  } catch (error) {
    fail(error);
  }
}
