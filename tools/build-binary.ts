// Builds the whole program into one executable that needs neither Bun nor node_modules: command, server, workers, content, and
// assembly/ with the built kernel and its sources, so that it can also compile candidates.
//
//   bun run build:binary                              dist/wowsim, for this machine
//   bun tools/build-binary.ts --target bun-linux-arm64 --out dist/wowsim-arm64

import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError, Command } from "commander";
import { messageOf } from "../server/protocol/errors.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { bundleTerminalKit } from "./bundle-terminal-kit.ts";

const ROOT = join(import.meta.dir, "..");
/** The command first: it is the entry point. The others are the server's threads, which server/main/workers.ts finds. */
const ENTRIES = [
  "server/wowsim.ts",
  ...["zone", "recorder", "journal", "feed", "check", "validate", "module-validation", "shadow", "undo"].map(
    (name) => `server/${name}-worker.ts`,
  ),
];

interface Flags {
  out: string;
  target?: Bun.Build.CompileTarget;
}

await new Command("build-binary")
  .description("Build the whole program into one file.")
  .option("--out <file>", "the file to make", "dist/wowsim")
  .option("--target <target>", "for another system, such as bun-linux-arm64 (Bun fetches what it needs)", parseTarget)
  .action(build)
  .parseAsync();

async function build({ out, target }: Flags): Promise<void> {
  // The built kernel is included, so it must not be older than its source.
  await ensureKernel();
  const outfile = resolve(out);
  await mkdir(dirname(outfile), { recursive: true });
  process.chdir(ROOT);
  try {
    await Bun.build({
      entrypoints: ENTRIES,
      // Where workers are looked for; without it Bun may choose the folder above, depending on what they share.
      root: join(ROOT, "server"),
      plugins: [bundleTerminalKit],
      // Code that several threads share is included once.
      splitting: true,
      compile: {
        outfile,
        assets: ["assembly"],
        // A .env file in the current folder belongs to another program.
        autoloadDotenv: false,
        autoloadBunfig: false,
        ...(target === undefined ? {} : { target }),
      },
    });
  } catch (error) {
    const causes = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
    process.stderr.write(`The program does not build:\n  ${causes.join("\n  ")}\n`);
    process.exit(1);
  }
  process.stdout.write(`${outfile}: ${(Bun.file(outfile).size / 2 ** 20).toFixed(0)} MB\n`);
}

function parseTarget(text: string): Bun.Build.CompileTarget {
  if (!text.startsWith("bun-"))
    throw new InvalidArgumentError("Targets are named like bun-linux-x64 or bun-darwin-arm64.");
  return text as Bun.Build.CompileTarget;
}
