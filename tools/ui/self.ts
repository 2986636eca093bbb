// How this program starts itself again as a child: the single executable, or Bun with the command's source.
//
//   Bun.spawn(selfCommand("serve", "--port", "0"))

import { join } from "node:path";

export function selfCommand(...args: string[]): string[] {
  const program = Bun.isStandaloneExecutable ? [] : [join(import.meta.dir, "../../server/wowsim.ts")];
  return [process.execPath, ...program, ...args];
}
