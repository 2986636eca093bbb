// wowsim validate SOURCE: judges a kernel by the input that a server's zones had, without a server.

import { Option } from "commander";
import type { Command } from "commander";
import { DEFAULT_POLICY } from "../../server/protocol/deploy-policy.ts";
import type { ValidationHost, ValidationOptions, ValidationResult } from "../../server/protocol/validation.ts";
import { DATA_DIR } from "../client/find-server.ts";
import { parseReportFile } from "../deploy-report/kinds.ts";
import { durationFrom, parseInteger } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, fail, note, out, outJson } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";

interface ValidateFlags {
  dataDir?: string;
  file?: string;
  zone?: number;
  last?: number;
  expect?: string;
  policy?: string;
  seed?: number;
  threads?: number;
  time: boolean;
  all?: boolean;
  report?: string;
  format: Format;
}

const FORMATS = ["text", "json", "markdown"] as const;
type Format = (typeof FORMATS)[number];

const CODES = { pass: EXIT.ok, fail: EXIT.degraded, inconclusive: EXIT.inconclusive } as const;

export function register(program: Command, host: ValidationHost): void {
  program
    .command("validate")
    .argument("<source>", "a .wasm file, a folder with kernel sources, or a candidate's name")
    .description("Judge a kernel by recorded play: each tick again, by both kernels, from the same state.")
    .addOption(new Option("--data-dir <dir>", `the server's data directory (default: ${DATA_DIR})`))
    .option("--file <file>", "a recording instead of a data directory")
    .option("--zone <id>", "only this zone", parseInteger(1, 65_535))
    .addOption(
      new Option(
        "--last <time>",
        `how much of each zone's newest history; default: the policy's, ${DEFAULT_POLICY.validate.minutes}m`,
      ).argParser(durationFrom("1s", "24h")),
    )
    .option("--expect <file>", "TOML with what it is meant to change; default: the file beside the source")
    .option("--policy <file>", "TOML with limits")
    .option("--seed <n>", "of random commands and of other luck", parseInteger(0, 0xffff_ffff))
    .option("--threads <n>", "default: one a core, at most one a zone", parseInteger(1, 64))
    .option("--no-time", "do not measure time; fuel is compared all the same")
    .option("--all", "also show terms that are equal")
    .option("--report <file>", "also write it as a page (.html) or as Markdown (.md)", parseReportFile)
    .addOption(
      new Option("--format <format>", "for people, for scripts, for a pull request").choices(FORMATS).default("text"),
    )
    .addHelpText(
      "after",
      [
        "",
        "It needs a journal and no server: a data directory, also while its server runs,",
        "or a recording (wowsim store export) in the repository of a game.",
        "What differs and is not expected fails; so does what is expected and does not",
        "happen. A recording in which nobody plays is inconclusive.",
        "",
        "  wowsim validate fireball-buff",
        "  wowsim validate ./my-kernel --file zone-1.wowrec --format markdown",
        "",
        "How to read the output, and all terms: docs/VALIDATION.md",
        exitCodes({
          0: "pass",
          1: "fail: it does what nobody expects, costs more, or traps",
          4: "no such journal, zone, source or file",
          5: "inconclusive: too little was recorded to say",
          130: "interrupted",
        }),
      ].join("\n"),
    )
    .action(async (source: string, flags: ValidateFlags) => await run(host, source, flags));
}

async function run(host: ValidationHost, source: string, flags: ValidateFlags): Promise<void> {
  const { dataDir, file, zone, last: lastMs, expect, policy, seed, threads, time } = flags;
  if (file !== undefined && dataDir !== undefined) return fail("Give --file or --data-dir, not both.", EXIT.usage);
  const bar = progressBar("validate");
  try {
    await interruptible(async (signal) => {
      const where = { dataDir: dataDir ?? DATA_DIR, file, zone };
      const options: ValidationOptions = { ...where, source, lastMs, expect, policy, seed, threads, time, signal };
      const result = await host.validate(options, { onProgress: (share, what) => bar.update(share, what) });
      bar.done();
      if (flags.report !== undefined) await writeReport(flags.report, result);
      await print(result, flags);
      process.exitCode = result.interrupted ? EXIT.interrupted : CODES[result.verdict];
    });
  } catch (error) {
    bar.done();
    fail(error);
  }
}

async function writeReport(file: string, result: ValidationResult): Promise<void> {
  const [{ writeReport: write }, { validationView }] = await Promise.all([
    import("../deploy-report/write.ts"),
    import("../deploy-report/validation.ts"),
  ]);
  await write(file, validationView(result));
  note(`the report is in ${file}`);
}

async function print(result: ValidationResult, { format, all = false }: ValidateFlags): Promise<void> {
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    return outJson(toWire(result));
  }
  const { validationLines, validationMarkdown } = await import("../validate/lines.ts");
  for (const line of format === "text" ? validationLines(result, all) : validationMarkdown(result, all)) out(line);
}
