// wowsim build-kernel: compiles the kernel, or a candidate made from it, into a module that can be deployed.

import { Option } from "commander";
import type { Command } from "commander";
import { addFormatFlag } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { EXIT, fail, out, outJson } from "../ui/output.ts";
import { parentGone } from "../ui/parent.ts";

interface BuildFlags {
  out: string;
  candidate?: string;
  /** The older name of candidate. */
  variant?: string;
  withParent?: boolean;
  format: OutputFormat;
}

export function register(program: Command): void {
  const command = program
    .command("build-kernel")
    .description("Compile the kernel, or a candidate for drills, into a module to deploy.")
    .requiredOption("--out <file>", "the file to make; - writes the module to stdout")
    .addOption(new Option("--candidate <name>", "build this candidate: see wowsim candidates").conflicts("variant"))
    .addOption(new Option("--variant <name>", "the same").hideHelp())
    .option("--with-parent", "end when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      [
        "",
        "A candidate with expectations also gets kernel.expect.toml beside kernel.wasm.",
        "Then:     wowsim deploy kernel.wasm",
        exitCodes({
          0: "built and checked",
          1: "it does not compile, or fails the checks (stderr says why)",
          4: "there is no such candidate",
        }),
      ].join("\n"),
    );
  addFormatFlag(command).action(build);
}

async function build({ out: file, candidate, variant, withParent, format }: BuildFlags): Promise<void> {
  if (withParent === true) void parentGone().then(() => process.exit(EXIT.interrupted));
  const { buildModule, writeModule } = await import("../../assembly/toolchain/source.ts");
  try {
    const module = await buildModule(candidate ?? variant ?? null);
    const { wasm, hash } = module;
    if (file === "-") return void process.stdout.write(wasm);
    const expectations = await writeModule(module, file);
    if (format === "json") return outJson({ file, hash, bytes: wasm.length, expectations });
    out(`${file}: ${wasm.length} bytes, module ${hash}`);
    if (expectations !== null) out(`${expectations}: what it is expected to change`);
  } catch (error) {
    fail(error);
  } finally {
    // The pending read of stdin must not keep the process alive.
    if (withParent === true) process.stdin.pause();
  }
}
