import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { numbered, RotatingFile } from "../../../server/store/rotating-file.ts";
import { tempFolder, TestClock } from "../../helpers/telemetry.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp(path: string, options: { bytesMax?: number; filesMax?: number } = {}) {
  const clock = new TestClock();
  const { bytesMax = 1 << 20, filesMax = 4 } = options;
  return { clock, file: new RotatingFile({ path, bytesMax, filesMax, now: clock.now }) };
}

describe("rotation", () => {
  test("starts a new file before the size is passed, numbers the old ones, and keeps only so many", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    const { file } = setUp(path, { bytesMax: 30, filesMax: 3 });
    for (let index = 10; index < 22; index++) await file.append(bytes(`line ${index}--\n`));
    await file.close();
    expect(readdirSync(folder.path).toSorted()).toEqual(["telemetry.1.jsonl", "telemetry.2.jsonl", "telemetry.jsonl"]);
    expect([2, 1, 0].map((number) => readFileSync(numbered(path, number), "utf8"))).toEqual([
      "line 13--\nline 14--\nline 15--\n",
      "line 16--\nline 17--\nline 18--\n",
      "line 19--\nline 20--\nline 21--\n",
    ]);
    expect(file.rotations).toBe(3);
  });

  test("goes on in the file that is there, and counts what it holds already", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    writeFileSync(path, "x".repeat(25) + "\n");
    const { file } = setUp(path, { bytesMax: 30 });
    await file.open();
    expect(file.bytes).toBe(26);
    await file.append(bytes("new line\n"));
    expect(readFileSync(path, "utf8")).toBe("new line\n");
    await file.close();
  });

  test("that is not possible leaves the file one, and loses nothing", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    mkdirSync(`${numbered(path, 1)}/in-the-way`, { recursive: true });
    const { file } = setUp(path, { bytesMax: 10, filesMax: 2 });
    for (let index = 0; index < 5; index++) await file.append(bytes(`line ${index}\n`));
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("line 0\nline 1\nline 2\nline 3\nline 4\n");
    expect(file.rotations).toBe(0);
    expect(file.rotationFailures).toBe(1);
  });

  test("refuses limits that make no sense", () => {
    expect(() => setUp("x", { bytesMax: 0 })).toThrow(RangeError);
    expect(() => setUp("x", { filesMax: 1 })).toThrow(RangeError);
  });
});

describe("what others do to the file", () => {
  test("a folder that is missing is made", async () => {
    using folder = tempFolder();
    const path = folder.file("a/b/telemetry.jsonl");
    const { file } = setUp(path);
    await file.append(bytes("one\n"));
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("one\n");
  });

  test("a file that was renamed away is noticed within a second and made anew", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    const { file, clock } = setUp(path);
    await file.append(bytes("one\n"));
    renameSync(path, folder.file("taken"));
    clock.pass(1001);
    await file.append(bytes("two\n"));
    await file.close();
    expect(readFileSync(folder.file("taken"), "utf8")).toBe("one\n");
    expect(readFileSync(path, "utf8")).toBe("two\n");
  });

  test("so is one whose whole folder was removed", async () => {
    using folder = tempFolder();
    const path = folder.file("data/telemetry.jsonl");
    const { file, clock } = setUp(path);
    await file.append(bytes("one\n"));
    rmSync(dirname(path), { recursive: true });
    clock.pass(1001);
    await file.append(bytes("two\n"));
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("two\n");
  });

  test("one that was shortened is gone on with at its end, without a gap and without being rotated, and told", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    const { file, clock } = setUp(path, { bytesMax: 1_000 });
    await file.append(bytes(`${"a".repeat(900)}\n`));
    truncateSync(path, 0);
    // Before anybody looked: as far as is known it is as long as it was.
    await file.append(bytes(`${"b".repeat(150)}\n`));
    expect(readFileSync(path, "utf8")).toBe(`${"b".repeat(150)}\n`);
    expect([file.bytes, file.rotations, file.changes, file.lastChange]).toEqual([151, 0, 1, "shortened"]);
    truncateSync(path, 0);
    clock.pass(1001);
    await file.append(bytes("c\n"));
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("c\n");
    expect(file.changes).toBe(2);
  });

  test("one that another server writes under another name is told", async () => {
    using folder = tempFolder();
    const [path, other] = [folder.file("telemetry.jsonl"), folder.file("other.jsonl")];
    const mine = setUp(path, { bytesMax: 1_000 });
    await mine.file.append(bytes("a\n"));
    linkSync(path, other);
    const theirs = setUp(other, { bytesMax: 1_000 });
    await theirs.file.append(bytes("b\n"));
    expect(mine.file.changes).toBe(0);
    for (const { file } of [mine, theirs]) await file.append(bytes("c\n"));
    expect([mine.file.lastChange, theirs.file.lastChange]).toEqual(["written", "written"]);
    await mine.file.append(bytes("d\n"));
    expect([mine.file.changes, readFileSync(path, "utf8")]).toEqual([2, "a\nb\nc\nc\nd\n"]);
    for (const { file } of [mine, theirs]) await file.close();
  });

  test("one that was shortened keeps nothing of a write that fails", async () => {
    using folder = tempFolder();
    const script = `
      import { truncateSync } from "node:fs";
      import { RotatingFile } from ${JSON.stringify(join(import.meta.dir, "../../../server/store/rotating-file.ts"))};
      const path = process.argv[1];
      const file = new RotatingFile({ path, bytesMax: 1 << 20, filesMax: 2, now: () => 0 });
      await file.append(Buffer.from("x".repeat(3000) + "\\n"));
      truncateSync(path, 0);
      await file.append(Buffer.from("y".repeat(9000) + "\\n")).catch(() => {});
      await file.append(Buffer.from("z\\n"));
      await file.close();`;
    // 8 KiB is the most a file may have here: the write of 9,001 bytes is cut, and fails.
    const path = folder.file("telemetry.jsonl");
    const shell = `trap '' XFSZ; ulimit -f 8; exec "$@"`;
    const child = Bun.spawn(["sh", "-c", shell, "sh", process.execPath, "-e", script, path], { stderr: "pipe" });
    expect([await child.exited, await child.stderr.text()]).toEqual([0, ""]);
    expect(readFileSync(path, "utf8")).toBe("z\n");
  });

  test("is not written while its lock is another's", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    const clock = new TestClock();
    let isOurs = true;
    const checkLock = async (): Promise<void> => {
      if (!isOurs) throw new Error("not ours");
    };
    const file = new RotatingFile({ path, bytesMax: 1_000, filesMax: 2, now: clock.now, checkLock });
    await file.append(bytes("a\n"));
    isOurs = false;
    clock.pass(1001);
    for (let tries = 0; tries < 2; tries++) await expect(file.append(bytes("b\n"))).rejects.toThrow("not ours");
    isOurs = true;
    await file.append(bytes("c\n"));
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("a\nc\n");
  });

  test("half a line that a killed writer left is ended before the next", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    writeFileSync(path, 'whole\n{"v":1,"time');
    const { file } = setUp(path);
    await file.append(bytes("next\n"));
    await file.close();
    expect(readFileSync(path, "utf8")).toBe('whole\n{"v":1,"time\nnext\n');
  });
});

describe("a disk that does not take it", () => {
  test("a full one is an error of the append, every time", async () => {
    const { file } = setUp("/dev/full");
    for (let index = 0; index < 3; index++) expect(await reasonOf(file.append(bytes("line\n")))).toContain("ENOSPC");
    await file.close();
  });

  test("a size limit in the middle of an append leaves no half line", async () => {
    using folder = tempFolder();
    const path = folder.file("telemetry.jsonl");
    // In a process of its own, whose files may not grow past 10 blocks of 1,024 bytes.
    const script = `
      const { RotatingFile } = await import(${JSON.stringify(`${process.cwd()}/server/store/rotating-file.ts`)});
      process.on("SIGXFSZ", () => {});
      const file = new RotatingFile({ path: ${JSON.stringify(path)}, bytesMax: 1 << 20, filesMax: 2, now: () => 0 });
      const chunk = new TextEncoder().encode(("x".repeat(99) + "\\n").repeat(30));
      for (let index = 0; index < 5; index++) {
        try { await file.append(chunk); process.stdout.write("ok "); } catch (error) { process.stdout.write(error.code + " "); }
      }`;
    const child = Bun.spawn(["bash", "-c", 'ulimit -f 10; exec "$0" -e "$1"', process.execPath, script], {
      stdout: "pipe",
      stderr: "inherit",
    });
    expect(await child.stdout.text()).toBe("ok ok ok EFBIG EFBIG ");
    const text = readFileSync(path, "utf8");
    expect(text).toBe(`${"x".repeat(99)}\n`.repeat(90));
  });

  test("a path that is a folder is an error, and nothing is made of it", async () => {
    using folder = tempFolder();
    const { file } = setUp(folder.path);
    expect(await reasonOf(file.append(bytes("line\n")))).toContain("EISDIR");
  });

  test("/dev/null takes everything and is never renamed", async () => {
    const { file } = setUp("/dev/null", { bytesMax: 10 });
    for (let index = 0; index < 5; index++) await file.append(bytes("line that is long\n"));
    await file.sync();
    await file.close();
    expect(file.rotations).toBe(0);
    expect(existsSync("/dev/null")).toBe(true);
  });
});

async function reasonOf(promise: Promise<void>): Promise<string> {
  return await promise.then(
    () => "no error",
    (error: unknown) => String(error),
  );
}
