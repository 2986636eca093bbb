// Notices that files which are open were removed or replaced. The system lets a process go on writing to a file that has no name
// any more, and what is written is gone with the process.
//
//   const files = new OpenedFiles(".wowsim", ["world.sqlite"])
//   files.check()       // throws WowsimError("journal_replaced") while another file, or none, has the name

import { statSync } from "node:fs";
import { join } from "node:path";
import { WowsimError } from "../protocol/errors.ts";

export class OpenedFiles {
  readonly #files: { path: string; inode: string | null }[];

  /** The files exist and were opened just now. */
  constructor(folder: string, names: readonly string[]) {
    this.#files = names.map((name) => {
      const path = join(folder, name);
      return { path, inode: inodeOf(path) };
    });
  }

  check(): void {
    for (const { path, inode } of this.#files) {
      if (inodeOf(path) === inode) continue;
      const message = `${path} was removed or replaced while the server runs; put it back, or restart the server.`;
      throw new WowsimError("journal_replaced", message);
    }
  }
}

/** Device and inode; null without such a file, or when it can not be looked at. */
function inodeOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    // The folder may be gone, or no folder any more.
    return null;
  }
}
