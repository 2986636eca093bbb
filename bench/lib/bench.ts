// A bench as a command: its flags with their bounds, --format, what its exit codes mean, and how an error ends it.
//
//   const FLAGS = { minutes: number("how long", 0.05, 1_440, 10), warmUp: optional("to walk there", parseInteger(0, 60)), seed: SEED };
//   await runBench("soak", FLAGS, soak);
//   async function soak({ minutes, warmUp, seed, format }: FlagsOf<typeof FLAGS>): Promise<void> { ... }

import { Command, InvalidArgumentError, Option } from "commander";
import { BENCHES } from "../../server/testing/benches.ts";
import type { Check } from "../../server/testing/checks.ts";
import { addFormatFlag, parseInteger, parseNumber } from "../../tools/ui/flags.ts";
import type { OutputFormat } from "../../tools/ui/flags.ts";
import { EXIT, fail } from "../../tools/ui/output.ts";

export interface Flag<Value> {
  what: string;
  /** Null: it takes no value. */
  parse: ((text: string) => Value) | null;
  fallback: Value;
}

export type FlagsOf<Flags extends Record<string, Flag<unknown>>> = {
  [Name in keyof Flags]: Flags[Name]["fallback"];
} & { format: OutputFormat };

const flag = <Value>(what: string, parse: (text: string) => Value, fallback: Value): Flag<Value> => ({
  what,
  parse,
  fallback,
});

export const integer = (what: string, min: number, max: number, fallback: number): Flag<number> =>
  flag(what, parseInteger(min, max), fallback);

export const number = (what: string, min: number, max: number, fallback: number): Flag<number> =>
  flag(what, parseNumber(min, max), fallback);

/** A list of whole numbers, with commas. */
export const list = (what: string, min: number, max: number, fallback: number[]): Flag<number[]> =>
  flag(what, (text) => text.split(",").map(parseInteger(min, max)), fallback);

/** Undefined when it is not given. */
export const optional = <Value>(what: string, parse: (text: string) => Value): Flag<Value | undefined> =>
  flag<Value | undefined>(what, parse, undefined);

export const yes = (what: string): Flag<boolean> => ({ what, parse: null, fallback: false });

export const choice = <Value extends string>(what: string, choices: readonly Value[], fallback: Value): Flag<Value> =>
  flag(
    `${what}: ${choices.join(" or ")}`,
    (text) => {
      const chosen = choices.find((each) => each === text);
      if (chosen === undefined) throw new InvalidArgumentError(`Give one of ${choices.join(", ")}.`);
      return chosen;
    },
    fallback,
  );

export const seedFlag = (what: string): Flag<number> => integer(`seed of ${what}`, 0, 0xffff_ffff, 1);

/** How many play, and how; at least `min`. */
export const playFlags = (count: number, min = 1, what = "players") => ({
  clients: integer(what, min, 10_000, count),
  rate: rateFlag("player"),
  seed: seedFlag("server and players"),
});

export const rateFlag = (what: string, fallback = 2): Flag<number> =>
  number(`actions a second and ${what}`, 0.1, 90, fallback);

const describe = (name: string): string =>
  (BENCHES[`bun bench/${name}.ts`] ?? "").replace(/^./, (first) => first.toUpperCase());

const EXITS = `\nExit codes: 0 all held, 1 something did not, ${EXIT.usage} wrong usage.`;

/** Parses the command line and runs it; a check that does not hold decides the exit code. `help` says what else is worth knowing. */
export async function runBench<Flags extends Record<string, Flag<unknown>>>(
  name: string,
  flags: Flags,
  action: (flags: FlagsOf<Flags>) => Promise<readonly Check[] | void>,
  help = EXITS,
): Promise<void> {
  const command = new Command(name).description(describe(name)).addHelpText("after", help);
  for (const [key, { what, parse, fallback }] of Object.entries(flags)) {
    const long = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const option = new Option(parse === null ? long : `${long} <n>`, what).default(fallback);
    command.addOption(parse === null ? option : option.argParser(parse));
  }
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
  addFormatFlag(command).action(async (given: FlagsOf<Flags>) => {
    const checks = (await action(given)) ?? [];
    if (checks.some(({ holds }) => !holds)) process.exitCode = EXIT.degraded;
  });
  try {
    await command.parseAsync();
  } catch (error) {
    fail(error, EXIT.degraded);
  }
}
