// For tests of the packaging: reads the Dockerfile and plays its build through without a container engine, as far as that
// goes: COPY copies, RUN runs, in one temporary folder a stage that stands for the stage's root.
//
//   const image = await playBuild(readDockerfile("Dockerfile"), contextFolder, temporaryFolder)
//   image.folder            // .../1/app: what WORKDIR is in the last stage
//   image.command           // ["bun", "server/wowsim.ts", "serve", "--host", "0.0.0.0"]

import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";

export interface Instruction {
  name: string;
  /** --from=build and the like. */
  flags: Record<string, string>;
  /** What follows, as written. */
  rest: string;
}

export interface Image {
  folder: string;
  env: Record<string, string>;
  command: string[];
}

/** All instructions in order; continuation lines joined, comments left out. */
export function readDockerfile(path: string): Instruction[] {
  const text = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll(/\\\n\s*/g, " ");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name = "", flagText = "", rest = ""] = /^([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? [];
      if (name === "") throw new Error(`This is no instruction: ${line}`);
      const flags = flagText
        .trim()
        .split(/\s+/)
        .filter((flag) => flag !== "")
        .map((flag) => flag.slice(2).split("=") as [string, string]);
      return { name, flags: Object.fromEntries(flags), rest: rest.trim() };
    });
}

/** The arguments of the exec form: `["bun", "x"]`. */
export function execForm(rest: string): string[] {
  return JSON.parse(rest.slice(rest.indexOf("["))) as string[];
}

/** Lines of a .dockerignore as a test of paths relative to the context. Handles the plain forms used here: no "!", no "**". */
export function ignoreRules(path: string): (file: string) => boolean {
  const patterns = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const matchers = patterns.map((pattern) => new Bun.Glob(pattern));
  return (file) => {
    const parts = file.split("/");
    return parts.some((_, depth) => matchers.some((matcher) => matcher.match(parts.slice(0, depth + 1).join("/"))));
  };
}

/** Runs the build. Throws with the output of a RUN that fails. */
export async function playBuild(instructions: Instruction[], context: string, temporary: string): Promise<Image> {
  const isIgnored = ignoreRules(join(context, ".dockerignore"));
  const stages = new Map<string, string>();
  const bin = join(temporary, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, "bun"));
  let root = "";
  let work = "/";
  let env: Record<string, string> = {};
  let entrypoint: string[] = [];
  let command: string[] = [];
  for (const { name, flags, rest } of instructions) {
    const inside = (path: string): string => join(root, path.startsWith("/") ? path : join(work, path));
    switch (name) {
      case "FROM":
        root = join(temporary, String(stages.size));
        stages.set(/ AS (\S+)$/i.exec(rest)?.[1] ?? String(stages.size), root);
        env = { PATH: `${bin}:/usr/bin:/bin`, HOME: process.env["HOME"] ?? temporary };
        break;
      case "WORKDIR":
        work = rest;
        mkdirSync(inside(work), { recursive: true });
        break;
      case "ENV":
        Object.assign(env, Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split("="))));
        break;
      case "COPY": {
        const paths = rest.split(/\s+/);
        const target = paths.pop() ?? "";
        const from = flags["from"] === undefined ? context : (stages.get(flags["from"]) ?? "");
        for (const path of paths) {
          const source = join(from, path);
          if (!existsSync(source)) throw new Error(`COPY ${rest}: there is no ${path}.`);
          const filter = (file: string): boolean => from !== context || !isIgnored(relative(context, file));
          cpSync(source, target.endsWith("/") ? join(inside(target), path) : inside(target), {
            recursive: true,
            filter,
          });
        }
        break;
      }
      case "RUN": {
        const child = Bun.spawn(["sh", "-c", rest], { cwd: inside("."), env, stdout: "pipe", stderr: "pipe" });
        const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
        if ((await child.exited) !== 0) throw new Error(`RUN ${rest}: ${output.join("")}`);
        break;
      }
      case "ENTRYPOINT":
        entrypoint = execForm(rest);
        break;
      case "CMD":
        command = execForm(rest);
        break;
    }
  }
  return { folder: join(root, work), env, command: [...entrypoint, ...command] };
}
