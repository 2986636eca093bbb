// Makes terminal-kit bundleable: it requires some of its files by names that it builds at run time, which no bundler can
// follow, and which do not exist in a single executable. This plugin replaces them by fixed names.
//
//   await Bun.build({ entrypoints, plugins: [bundleTerminalKit] })

import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";
import { WowsimError } from "../server/protocol/errors.ts";

/** How Terminal.js loads its data about a kind of terminal. */
const ASKED = "require( './termconfig/' + term.termconfigFile )";

export const bundleTerminalKit: BunPlugin = {
  name: "terminal-kit",
  setup(build) {
    // Terminal-kit's own edition for bundlers, which loads no file late.
    build.onLoad({ filter: /terminal-kit[/\\]lib[/\\]termkit\.js$/ }, async ({ path }) => ({
      contents: await readFile(join(dirname(path), "termkit-no-lazy-require.js"), "utf8"),
      loader: "js",
    }));
    build.onLoad({ filter: /terminal-kit[/\\]lib[/\\]Terminal\.js$/ }, async ({ path }) => ({
      contents: await withTerminalConfigs(path),
      loader: "js",
    }));
  },
};

/** The file with the require call replaced by a table of all files; an unknown name throws, as before. */
async function withTerminalConfigs(path: string): Promise<string> {
  const source = await readFile(path, "utf8");
  if (!source.includes(ASKED)) {
    const message = `${path} asks for its terminal configurations in another way now; adapt tools/bundle-terminal-kit.ts.`;
    throw new WowsimError("bundle_failed", message);
  }
  const names = (await readdir(join(dirname(path), "termconfig"))).filter((name) => name.endsWith(".js"));
  const table = names.map((name) => `${JSON.stringify(name)}: () => require("./termconfig/${name}")`).join(",\n");
  return `${source.replaceAll(ASKED, "TERMCONFIGS[term.termconfigFile]()")}\nconst TERMCONFIGS = {\n${table}\n};\n`;
}
