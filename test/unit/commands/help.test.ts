// What all subcommands owe to whoever types --help at three in the morning, held by every one of them.

import { describe, expect, test } from "bun:test";
import { commandTree } from "../../helpers/program.ts";
import { pathOf, withSubcommands } from "../../../tools/ui/help.ts";

const COLUMNS = 80;

const all = withSubcommands(commandTree()).filter((command) => command.name() !== "help");
const leaves = all.filter((command) => command.commands.length === 0);
const byPath = (commands: typeof all) => commands.map((command) => [pathOf(command), command] as const);

/** As printed to a terminal of 80 columns. */
function helpOf(command: (typeof all)[number]): string {
  let text = "";
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => COLUMNS });
  command.outputHelp();
  return text;
}

test("there are subcommands to look at", () => {
  expect(leaves.length).toBeGreaterThan(10);
});

describe.each(byPath(all))("%s", (_path, command) => {
  test("says what it is for, in a sentence", () => {
    expect(command.description()).toMatch(/^[A-Z].*\.$/s);
  });

  test("describes every flag and argument", () => {
    for (const option of command.options) expect([option.flags, option.description]).not.toEqual([option.flags, ""]);
    for (const argument of command.registeredArguments) expect(argument.description).not.toBe("");
  });

  test("fits 80 columns", () => {
    const tooLong = helpOf(command)
      .split("\n")
      .filter((line) => line.length > COLUMNS);
    expect(tooLong).toEqual([]);
  });
});

describe.each(byPath(leaves))("%s", (_path, command) => {
  test("tells its exit codes, 64 being wrong usage", () => {
    const codes = helpOf(command).split("Exit codes:\n")[1] ?? "";
    expect(codes).toMatch(/^ {2}0 {4}\S/m);
    expect(codes).toMatch(/^ {2}64 {3}.*wrong usage/m);
  });
});

const durations = all.flatMap((command) =>
  command.options
    .filter(({ flags, description }) => /<time>|<s>/.test(flags) && !flags.startsWith("--since") && description !== "")
    .map((option) => [`${pathOf(command)} ${option.flags}`, option] as const),
);

test("there are flags for times to look at", () => {
  expect(durations.length).toBeGreaterThan(4);
});

describe.each(durations)("%s", (_name, option) => {
  const parse = (text: string): unknown => option.parseArg?.(text, undefined);

  test.each(["9999h", "1e9", "-1", "soon", ""])("refuses %p, and says what may be given", (text) => {
    expect(() => parse(text)).toThrow(/^Give /);
  });

  test("takes nothing that a timer can not wait for", () => {
    for (const text of ["1h", "24h", "168h", "596h"]) {
      try {
        expect(Number(parse(text))).toBeLessThan(2 ** 31);
      } catch (error) {
        expect(String(error)).toMatch(/Give /);
      }
    }
  });
});
