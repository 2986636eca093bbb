// A worker that prepares one uploaded kernel to run: static checks, fuel metering, layout. It ends with that module. So
// Binaryen, which is big and slow to load, is never part of the server's own threads.
//
//   main  → { wasm: Uint8Array, label: "hotfix.wasm" }
//   main  ← { ok: true, module: WebAssembly.Module, layout: [["STATE_BASE", 65536], ...] }
//   main  ← { ok: false, problems: ["It imports env.Date_now; a kernel may import only the memory and abort."] }

import { messageOf } from "./protocol/errors.ts";
import { checkModule } from "../assembly/toolchain/checks.ts";
import { layoutEntries, loadKernel } from "../assembly/toolchain/load.ts";
import { meter } from "../assembly/toolchain/meter.ts";
import type { CheckRequest, CheckAnswer } from "./shared/module-check.ts";

declare const self: Worker;

self.addEventListener("message", async ({ data }: MessageEvent<CheckRequest>) => {
  self.postMessage(await prepare(data));
});

async function prepare({ wasm, label }: CheckRequest): Promise<CheckAnswer> {
  try {
    const problems = await checkModule(wasm);
    if (problems.length > 0) return { ok: false, problems };
    const metered = await meter(wasm);
    const { module, layout } = loadKernel(metered, label);
    return { ok: true, module, layout: layoutEntries(layout), metered };
  } catch (error) {
    // Binaryen goes down into blocks by recursion.
    const reason = error instanceof RangeError ? "its code is nested too deep; split the function" : messageOf(error);
    return { ok: false, problems: [`It could not be prepared: ${reason}`] };
  }
}
