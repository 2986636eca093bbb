// Real candidates on real journals. One minute of two dozen bots is enough for what differs in every fight.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseExpectations } from "../../../server/protocol/expectations.ts";
import type { ValidationOptions, ValidationResult } from "../../../server/protocol/validation.ts";
import { writePlayedJournal } from "../../../server/testing/played-journal.ts";
import { tempFolder } from "../../../server/testing/temp-folder.ts";
import { validate } from "../../../server/validate/validate.ts";
import { buildCandidate } from "../../../assembly/toolchain/candidates.ts";
import { UNNAMED, candidateFile } from "../../helpers/candidates.ts";
import { newJournal } from "../../helpers/journal.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";

const TICKS = 640;
const folder = tempFolder("wowsim-validate-test-");
const played = join(folder.path, "played");
/** Without random commands and a crowd, and with few free runs. */
const bare = join(folder.path, "bare.toml");

beforeAll(async () => {
  await writePlayedJournal(played, { zones: 1, players: 24, ticks: TICKS, seed: 3 });
  await Bun.write(bare, "[validate]\nrandom_commands = 0\nfree_runs = 2\n");
});
afterAll(() => folder.remove());

async function judged(source: string, options: Partial<ValidationOptions> = {}): Promise<ValidationResult> {
  const common = { dataDir: played, source, lastMs: 3_600_000, threads: 1, time: false, policy: bare };
  return await validate({ ...common, ...options }, {});
}

const differing = ({ terms }: ValidationResult): string[] => terms.filter(({ own }) => own > 0).map(({ what }) => what);
const checkOf = ({ checks }: ValidationResult, name: string) => checks.find((check) => check.name === name);

describe("a candidate that does the same", () => {
  test("is identical, and equal byte by byte", async () => {
    const result = await judged("refactoring");
    expect(result).toMatchObject({ verdict: "pass", class: "identical", ticks: TICKS, equal: TICKS, problems: [] });
    expect(result.reason).toBe(`pass: everything equal in ${TICKS} ticks`);
    expect(result.terms.filter(({ ticks }) => ticks > 0)).toEqual([]);
    expect(result.fuelRatio).toBeCloseTo(1, 1);
    expect(checkOf(result, "free runs")?.shown).toContain("Both modules do the same");
  });

  test("with a column more is equal but for that", async () => {
    expect(await judged("added-column")).toMatchObject({ verdict: "pass", class: "added", added: ["PLAYER_KILLS"] });
  });
});

describe("a candidate that differs", () => {
  test("as its file says passes, and fails without it", async () => {
    const expected = await judged("fireball-buff");
    expect(expected.verdict).toBe("pass");
    expect(expected.reason).toMatch(
      /^pass: Fireball damage \+1\d(\.\d)? % \(n \d+\) as expected; everything else equal/,
    );
    const { verdict, reason } = await judged("fireball-buff", { expectations: [] });
    expect([verdict, reason]).toEqual(["fail", expect.stringMatching(/^fail: Fireball damage .* not expected/)]);
  });

  test("in what players lose of their health, but not in what they are told, is seen in the state", async () => {
    const result = await judged("invulnerable");
    expect(result).toMatchObject({ verdict: "fail", class: "changed" });
    expect(differing(result)).toContain("health.untold.gained.players");
    const lost = result.terms.find(({ what }) => what === "health.lost.players");
    expect(lost).toMatchObject({ candidate: 0, own: 0, follows: ["health.untold.gained.players"] });
    expect(result.terms.find(({ what }) => what === "damage.to.players")?.ticks).toBe(0);
  });

  test("in a field that is no longer sent, with equal states", async () => {
    const result = await judged("unsent-field");
    expect(differing(result)).toEqual(["broken.change_not_shown", "shown.change.target"]);
    const term = result.terms.find(({ what }) => what === "shown.change.target");
    expect(term).toMatchObject({ candidate: 0, first: { zone: 1, who: expect.any(String) as string } });
  });

  test("in that players are told late is corrupt, whatever its author expects of what is shown", async () => {
    const expectations = parseExpectations("expect.toml", '[[expect]]\nwhat = "shown.*"\nchange = "any"\n');
    for (const source of ["rare-self", "unsent-field"]) {
      const result = await judged(source, { expectations });
      expect([source, result.verdict, result.reason]).toEqual([
        source,
        "fail",
        expect.stringContaining("broken.change_not_shown: 0 → "),
      ]);
    }
  });

  test("in one random number a tick, which is counted", async () => {
    const { verdict, draws } = await judged("extra-draw");
    expect(verdict).toBe("fail");
    // The rolls after it change, so others are needed now and then.
    expect(draws.candidate - draws.incumbent).toBeGreaterThan(TICKS * 0.9);
    expect(draws.ticks).toBeGreaterThan(TICKS * 0.9);
  });

  test("beside all columns is corrupt", async () => {
    const unnamed = await judged(await candidateFile(folder.path, UNNAMED));
    expect(unnamed).toMatchObject({ verdict: "fail", class: "corrupt" });
    expect(unnamed.reason).toStartWith("fail: broken.written_outside: 0 → 640 times");
  });

  test("in fuel alone", async () => {
    const result = await judged("slower");
    expect(result).toMatchObject({ verdict: "fail", class: "identical", equal: TICKS });
    expect(result.reason).toMatch(/^fail: fuel: .* \(×1\.\d+\), limit ×1\.03, over 640 ticks$/);
  });
});

describe("where no recorded player ever was", () => {
  const quiet = join(folder.path, "quiet");
  const unplayed = async (source: string): Promise<ValidationResult> =>
    await judged(source, { dataDir: quiet, policy: undefined });
  const changed = async (...change: readonly [path: string, before: string, after: string]): Promise<string> =>
    await candidateFile(folder.path, { change });

  beforeAll(async () => {
    await writePlayedJournal(quiet, { zones: 1, players: 8, ticks: 700, seed: 4, cancels: 0 });
  });

  test("a trap is found by random commands", async () => {
    const result = await unplayed("trap-on-cancel");
    expect(result.traps.count).toBe(0);
    expect(result.reason).toMatch(/^fail: random commands: \d+ traps; first zone 1, tick \d+: .*command cancel_cast/);
  });

  test("a trade of two stacks that takes only one is found", async () => {
    const second = " && take(bag, U32.get(side + SECOND, maker));";
    const result = await unplayed(await changed("items/trade.ts", second, ";"));
    expect(result.terms.filter(({ what, ticks }) => what.startsWith("items.") && ticks > 0)).toEqual([]);
    expect(result).toMatchObject({ verdict: "fail", traps: { count: 0 } });
    expect(result.reason).toStartWith("fail: random commands: broken.items_not_conserved");
  });

  test("an overloaded zone that shows nothing is found", async () => {
    const [before, after] = ["(OVERLOAD_SIGHT, sight);", "(OVERLOAD_SIGHT, level > 0 ? <f32>0.001 : sight);"];
    const result = await unplayed(await changed("state/overload.ts", before, after));
    expect(result).toMatchObject({ verdict: "fail", traps: { count: 0 } });
    expect(result.reason).toStartWith("fail: random commands: shown.");
  });

  test("a trap that spares what no real client sends is found", async () => {
    const before = "else if (op == OP_CANCEL_CAST) interruptCast(row, INTERRUPT_BY_REQUEST);";
    const isReal = "Command.session(at) < 0x7ffe0000 && Command.seq(at) != 0";
    const after = `else if (op == OP_CANCEL_CAST && ${isReal}) unreachable();\n  ${before}`;
    const result = await unplayed(await changed("players/commands.ts", before, after));
    expect(result.reason).toMatch(/^fail: random commands: \d+ traps; .*command cancel_cast/);
  });

  test("a kernel that does the same passes, and what nobody did is named", async () => {
    const result = await unplayed("refactoring");
    expect(result).toMatchObject({ verdict: "pass", class: "identical" });
    expect(checkOf(result, "random commands")?.holds).toBe(true);
    expect(result.notExercised.situations).toEqual([]);
    const bared = await judged("refactoring", { dataDir: quiet });
    expect(bared.notExercised.situations).toContain("a trade of two stacks for two");
    expect(bared.notExercised.situations).toContain("overload of level 5");
  });
});

describe("a recording that says too little", () => {
  test("of nobody is inconclusive", async () => {
    using journal = await newJournal();
    journal.play(1, 700, () => commandBytes([]));
    journal.close();
    const result = await judged("hotfix", { dataDir: journal.folder });
    expect(result.verdict).toBe("inconclusive");
    expect(result.reason).toMatch(
      /^inconclusive: recording: .* 2 commands of players \(at least 100\), \d+ casts and hits/,
    );
    expect(result.notExercised.commands).toContain("cast");
  });

  test("names what no tick had", async () => {
    const { notExercised } = await judged("slower", { lastMs: 10_000 });
    expect(notExercised.commands).toContain("reclaim");
    expect(notExercised.spells).toContain("Frostbolt");
    expect(notExercised.spells).not.toContain("Shadow Bolt");
  });

  test("is refused when there is none", async () => {
    expect(judged("hotfix", { dataDir: join(folder.path, "nowhere") })).rejects.toThrow("There is no journal in");
    expect(judged("hotfix", { zone: 9 })).rejects.toThrow("The journal has no zone 9; it has 1.");
    expect(judged("hotfix", { expect: "nowhere.toml" })).rejects.toThrow("There is no file nowhere.toml");
  });
});

test("ticks that another module ran before are run by the present one too, from the recorded states", async () => {
  const swapped = join(folder.path, "swapped");
  const { metered, hash } = await buildCandidate("fireball-buff");
  const swap = { afterTick: 320, wasm: metered, label: "fireball-buff" };
  await writePlayedJournal(swapped, { zones: 1, players: 24, ticks: TICKS, seed: 3, swap });
  const result = await judged("fireball-buff", { dataDir: swapped, expectations: [] });
  expect(result).toMatchObject({ verdict: "pass", class: "identical", ticks: TICKS, equal: TICKS, problems: [] });
  expect(result.incumbents).toEqual([{ module: hash, label: "fireball-buff" }]);
  expect(checkOf(result, "journal")?.shown).toContain("320 of them of other modules");
  const back = await judged("refactoring", { dataDir: swapped });
  expect(differing(back)).toEqual(["damage.spell.fireball"]);
});

test("threads find what one thread finds, and an interruption ends them", async () => {
  const two = join(folder.path, "two");
  await writePlayedJournal(two, { zones: 2, players: 12, ticks: 200, seed: 5 });
  const [one, more] = [
    await judged("armour-sign", { dataDir: two }),
    await judged("armour-sign", { dataDir: two, threads: 2 }),
  ];
  expect({ ...more, seconds: 0 }).toEqual({ ...one, seconds: 0 });
  const stop = new AbortController();
  stop.abort();
  const ended = await judged("armour-sign", { dataDir: two, threads: 2, signal: stop.signal });
  expect(ended).toMatchObject({ verdict: "inconclusive", interrupted: true, ticks: 0 });
});
