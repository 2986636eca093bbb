// Builds the native rival: the same wasm module as C (wasm2c), compiled by gcc, with bench/native/main.c around it.
//
//   const native = await buildNative("assembly/build/kernel.wasm", "bench/results/native", false)
//   native.path                     // bench/results/native/tick-native
//
// -ffp-contract=off: a fused multiply-add rounds once where wasm rounds twice, and the hashes would differ.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { WowsimError } from "../../server/protocol/errors.ts";
import { findOnPath } from "../../server/testing/hyperfine.ts";

const GCC_FLAGS = ["-O3", "-ffp-contract=off"];
/** Where Debian's wabt puts the C runtime of wasm2c; other systems beside their own prefix. */
const RUNTIME_FOLDERS = ["/usr/share/wabt/wasm2c", "/usr/local/share/wabt/wasm2c", "/opt/homebrew/share/wabt/wasm2c"];

/** What the native build needs and where it is. */
export interface NativeTools {
  wasm2c: string;
  gcc: string;
  runtime: string;
}

/** The tools, or null with a line that says what to install. */
export function findNativeTools(): { tools: NativeTools } | { missing: string } {
  const wasm2c = findOnPath("wasm2c");
  const gcc = findOnPath("gcc");
  const runtime = RUNTIME_FOLDERS.find((folder) => existsSync(join(folder, "wasm-rt-impl.c")));
  if (wasm2c !== null && gcc !== null && runtime !== undefined) return { tools: { wasm2c, gcc, runtime } };
  const lacking = [wasm2c === null && "wasm2c", gcc === null && "gcc", runtime === undefined && "wasm-rt-impl.c"];
  return {
    missing:
      `No native comparison: ${lacking.filter(Boolean).join(", ")} not found. ` +
      "Install: apt-get install wabt gcc (Debian, Ubuntu), brew install wabt gcc (macOS).",
  };
}

/** Compiles `wasmPath`; returns the program's path and the compiler line. Throws WowsimError("native_build_failed"). */
export async function buildNative(
  tools: NativeTools,
  wasmPath: string,
  folder: string,
  metered: boolean,
): Promise<{ path: string; flags: string }> {
  mkdirSync(folder, { recursive: true });
  const source = join(folder, "kernel.c");
  const path = join(folder, "tick-native");
  await run([tools.wasm2c, "-n", "kernel", "-o", source, wasmPath]);
  const main = join(import.meta.dir, "../native/main.c");
  const defines = metered ? ["-DMETERED"] : [];
  const inputs = [main, source, join(tools.runtime, "wasm-rt-impl.c"), "-lm"];
  await run([tools.gcc, ...GCC_FLAGS, ...defines, `-I${folder}`, `-I${tools.runtime}`, "-o", path, ...inputs]);
  return { path, flags: GCC_FLAGS.join(" ") };
}

async function run(command: string[]): Promise<void> {
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) {
    throw new WowsimError("native_build_failed", `${command.slice(0, 4).join(" ")} ... failed:\n${complaint.trim()}`);
  }
}
