// wowsim build-kernel: compiles the kernel, or a variant of it, into a module that can be deployed.

import type { Command } from "commander";
import { addFormatFlag } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { EXIT, fail, out, outJson } from "../ui/output.ts";
import { parentGone } from "../ui/parent.ts";

interface BuildFlags {
  out: string;
  variant?: string;
  withParent?: boolean;
  format: OutputFormat;
}

export function register(program: Command): void {
  const command = program
    .command("build-kernel")
    .description("Compile the kernel, or a variant of it for drills, into a module to deploy.")
    .requiredOption("--out <file>", "the file to make; - writes the module to stdout")
    .option("--variant <name>", "build this variant of it: a folder in assembly/variants")
    .option("--with-parent", "end when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      [
        "",
        "Variants: regression gets slower with the crowd, and a canary must catch it;",
        "hotfix does the same for less; crash traps when somebody dies.",
        "Then:     wowsim deploy kernel.wasm",
        exitCodes({ 0: "built and checked", 1: "it does not compile, or fails the checks (stderr says why)" }),
      ].join("\n"),
    );
  addFormatFlag(command).action(build);
}

async function build({ out: file, variant, withParent, format }: BuildFlags): Promise<void> {
  if (withParent === true) void parentGone().then(() => process.exit(EXIT.interrupted));
  const { buildKernel, buildToFile } = await import("../../assembly/toolchain/build.ts");
  const options = variant === undefined ? {} : { variant };
  try {
    if (file === "-") return void process.stdout.write((await buildKernel(options)).wasm);
    const { wasm, hash } = await buildToFile(file, options);
    if (format === "json") outJson({ file, hash, bytes: wasm.length });
    else out(`${file}: ${wasm.length} bytes, module ${hash}`);
  } catch (error) {
    fail(error, EXIT.degraded);
  } finally {
    // The pending read of stdin must not keep the process alive.
    if (withParent === true) process.stdin.pause();
  }
}
