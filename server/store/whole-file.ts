// A small file that is replaced as a whole: a reader finds the old content or the new one, also after a power cut.
//
//   await replaceFile(".wowsim/deploys/frozen.json", `${JSON.stringify(frozen)}\n`)

import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Creates the folder if necessary. Throws the system's error; then the old content stays. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const whole = `${path}.${process.pid}`;
  {
    await using handle = await open(whole, "w");
    await handle.writeFile(text);
    await handle.sync();
  }
  await rename(whole, path);
}
