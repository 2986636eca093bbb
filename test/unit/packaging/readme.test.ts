// What the README lists is what there is: commands, faults, ports, pages.

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { commandTree } from "../../helpers/program.ts";
import { DEFAULT_PORTS } from "../../../tools/client/server-name.ts";

const ROOT = join(import.meta.dir, "../../..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

/** The rows of the table with this head, cell by cell. */
function table(head: string): string[][] {
  const [, after] = readme.split(`\n${head}\n`);
  const rows = after?.split("\n").slice(1) ?? [];
  return rows.slice(0, rows.indexOf("")).map((row) =>
    row
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

const names = (rows: string[][]): string[] => rows.map(([name = ""]) => name.replaceAll("`", ""));

test("every command has a row, in the order of the help, and there is no other", () => {
  const commands = commandTree().commands.map((command) => command.name());
  expect(names(table("| command | what it does |"))).toEqual(commands.filter((name) => name !== "help"));
});

test("every fault has a row that says what players notice and how telemetry shows it, and there is no other", () => {
  const rows = table("| fault | what players notice | how telemetry shows it |");
  expect(names(rows).toSorted()).toEqual(FAULTS.map(({ id }) => id).toSorted());
  for (const row of rows) expect(row.map((cell) => cell.length > 10)).toEqual([true, true, true]);
});

test("the ports are the default ports", () => {
  const { game, control, http, telemetry } = DEFAULT_PORTS;
  const [serve] = table("| command | what it does |").filter(([name]) => name === "`serve`");
  for (const port of [`game TCP ${game}`, `control TCP ${control}`, `HTTP ${http}`, `telemetry UDP ${telemetry}`])
    expect(serve?.[1]).toContain(port);
});

test("every folder has a row, every page a link, and every link leads somewhere", () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = ""]) => link);
  expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([]);
  const pages = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  expect(links).toEqual(expect.arrayContaining(pages.map((name) => `docs/${name}`)));
  for (const folder of names(table("| folder | what is in it |"))) expect(existsSync(join(ROOT, folder))).toBe(true);
});
