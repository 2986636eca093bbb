import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { rescueWorld } from "../../../server/store/rescue.ts";
import { WorldReader } from "../../../server/store/world-reader.ts";
import { WORLD_FILE, WorldWriter } from "../../../server/store/world-writer.ts";
import { ALL_DAMAGE, damageJournal } from "../../../server/testing/journal-damage.ts";
import { writeJournal } from "../../../server/testing/journal-truth.ts";
import { judge } from "../../../server/testing/journal-verdict.ts";

const root = mkdtempSync(join(tmpdir(), "wowsim-rescue-"));
afterAll(() => rmSync(root, { recursive: true }));
const [live, killed, other, earlier] = ["live", "killed", "other", "earlier"].map((name) => join(root, name)) as [
  string,
  string,
  string,
  string,
];
for (const folder of [live, other]) mkdirSync(folder);
const truth = writeJournal(live, {
  seed: 4,
  commits: 120,
  onCommit: (_writer, commit) => commit === 60 && cpSync(live, earlier, { recursive: true }),
});
cpSync(live, killed, { recursive: true });
writeJournal(other, { seed: 5, commits: 120 }).close();

function copyOf(name: string): string {
  const folder = join(root, name);
  cpSync(killed, folder, { recursive: true });
  return folder;
}

function damageOf(folder: string): string[] {
  const reader = WorldReader.open(folder)!;
  const damage = reader.damage();
  reader.close();
  return damage;
}

test("a sound journal stays as it is", () => {
  const folder = copyOf("sound");
  const before = readdirSync(folder);
  expect(rescueWorld(folder, "now")).toBeNull();
  expect(readdirSync(folder)).toEqual(before);
  expect(rescueWorld(join(folder, "nowhere"), "now")).toBeNull();
});

test.each(ALL_DAMAGE)(
  "$kind, $file: a start has a sound file, with all that could be read, and goes on in it",
  (damage) => {
    const folder = copyOf(`${damage.kind}-${damage.file}`);
    damageJournal(folder, damage, { random: seededRandom(9), other, earlier });
    const before = judge(folder, truth);
    expect(before.wrong).toEqual([]);
    try {
      const rescue = rescueWorld(folder, "now");
      if (rescue !== null) expect(readdirSync(folder)).toContain(rescue.kept);
    } catch (error) {
      // Nothing can be read, or a person has to decide.
      expect(error).toBeInstanceOf(WowsimError);
      expect(before.outcome).toBe("refused");
      return;
    }
    const after = judge(folder, truth);
    expect([
      after.lostTicks,
      after.wrong.filter((what) => !what.startsWith("Facts") && !what.startsWith("Events")),
    ]).toEqual([before.lostTicks, []]);
    expect(damageOf(folder)).toEqual([]);
    const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: Date.now });
    expect(writer.lsn).toBeGreaterThan(0);
    writer.close();
  },
);

test("a process that is killed between the two names loses nothing", () => {
  const folder = copyOf("between");
  const database = new Database(join(folder, WORLD_FILE));
  database.run("UPDATE record SET hash = 'x' WHERE lsn = (SELECT max(lsn) FROM record)");
  database.close();
  expect(rescueWorld(folder, "first")?.problems.join(" ")).toContain("is damaged");
  renameSync(join(folder, WORLD_FILE), join(folder, "world.rescued.sqlite"));
  expect(rescueWorld(folder, "second")?.kept ?? "sound").toEqual(expect.any(String));
  expect(damageOf(folder)).toEqual([]);
  expect(readdirSync(folder)).not.toContain("world.rescued.sqlite");
});

test("only the newest damaged files are kept", () => {
  const folder = copyOf("many");
  for (let round = 1; round <= 5; round++) {
    const database = new Database(join(folder, WORLD_FILE));
    database.run("UPDATE snapshot SET ticket = ticket + 1");
    database.close();
    rescueWorld(folder, `round-${round}`);
  }
  const kept = readdirSync(folder).filter((name) => /^world-damaged-.*\.sqlite$/.test(name));
  expect(kept.length).toBeLessThanOrEqual(3);
});
