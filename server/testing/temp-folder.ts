// A temporary folder for a measurement, which is removed at its end, also when Ctrl-C or SIGTERM ends it.
//
//   const folder = tempFolder("wowsim-crowd-")
//   folder.remove()

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../tools/ui/output.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** Exits in order at a signal, so that the exit handlers run. */
const onSignal = (): never => process.exit(EXIT.interrupted);

export interface TempFolderOf {
  readonly path: string;
  remove(): void;
}

export function tempFolder(prefix: string): TempFolderOf {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const remove = (): void => {
    process.off("exit", remove);
    for (const signal of SIGNALS) process.off(signal, onSignal);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", remove);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { path, remove };
}
