// Checks the parts of this checkout: Bun as pinned, its packages, the built kernel.

import { existsSync } from "node:fs";
import { join } from "node:path";
import packageFile from "../../package.json";
import { kernelState } from "../../assembly/toolchain/build.ts";
import { isAtLeast, missing, ok, warning } from "./check.ts";
import type { Check } from "./check.ts";

const ROOT = join(import.meta.dir, "..", "..");
const INSTALL = "Run npm install (or bun install).";

export async function checkInstall(): Promise<Check[]> {
  return [checkBun(Bun.version), await checkPackages(), await checkKernel()];
}

export function checkBun(version: string): Check {
  const pinned = packageFile.devDependencies.bun;
  if (version === pinned) return ok("bun", `${version}, as pinned`);
  if (isAtLeast(version, pinned))
    return warning(
      "bun",
      `${version}; this was made and tested with ${pinned}`,
      `${INSTALL} npm run then takes ${pinned}.`,
    );
  return missing("bun", `${version}, older than ${pinned}`, `${INSTALL} npm run then takes ${pinned}.`);
}

/** Checks each package for the version that package.json pins. */
async function checkPackages(): Promise<Check> {
  if (Bun.isStandaloneExecutable) return ok("packages", "all inside this file");
  const needed = await wrongOf(packageFile.dependencies);
  if (needed.length > 0) return missing("packages", needed.join(", "), INSTALL);
  const development = await wrongOf(packageFile.devDependencies);
  if (development.length > 0)
    return warning("packages", development.join(", "), `${INSTALL} Tests and checks need them.`);
  const count = Object.keys({ ...packageFile.dependencies, ...packageFile.devDependencies }).length;
  return ok("packages", `all ${count} at their pinned versions`);
}

async function wrongOf(pinned: Record<string, string>): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, version] of Object.entries(pinned)) {
    const file = Bun.file(join(ROOT, "node_modules", name, "package.json"));
    const installed = (await file.exists()) ? ((await file.json()) as { version: string }).version : "not installed";
    if (installed !== version)
      wrong.push(`${name}: ${installed}${installed === "not installed" ? "" : `, not ${version}`}`);
  }
  return wrong;
}

async function checkKernel(): Promise<Check> {
  const state = await kernelState();
  if (Bun.isStandaloneExecutable) return ok("kernel", "inside this file");
  if (state === "fresh") return ok("kernel", "built from its present source");
  const why = state === "stale" ? "its source is newer than the build" : "not built yet";
  if (!existsSync(join(ROOT, "node_modules/assemblyscript")))
    return missing("kernel", why, `${INSTALL} It brings the compiler.`);
  return ok("kernel", `${why}; it is built when it is needed`);
}
