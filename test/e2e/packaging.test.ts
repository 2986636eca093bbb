// What can be known of the packaging without a container engine: both lock files say the same and name no registry; the
// Dockerfile's commands run as scripts in a copy; the image's server answers the image's health check.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../../package.json";
import { commandTree } from "../helpers/program.ts";
import { DEFAULT_PORTS } from "../../tools/client/server-name.ts";
import { until } from "../helpers/command.ts";
import { NATS } from "../helpers/nats.ts";
import { execForm, ignoreRules, playBuild, readDockerfile } from "../helpers/packaging.ts";
import type { Image } from "../helpers/packaging.ts";

const ROOT = join(import.meta.dir, "../..");
const dockerfile = readDockerfile(join(ROOT, "Dockerfile"));
const all = (name: string): string[] => dockerfile.filter((line) => line.name === name).map((line) => line.rest);

interface Service {
  image?: string;
  command?: string[];
  profiles?: string[];
  ports?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  healthcheck?: { disable?: boolean };
}
const compose = Bun.YAML.parse(readFileSync(join(ROOT, "compose.yaml"), "utf8")) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};

describe("lock files", () => {
  const npm = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; dependencies?: object; devDependencies?: object }>;
  };
  const bunText = readFileSync(join(ROOT, "bun.lock"), "utf8");

  test("neither names a registry's host", () => {
    expect(JSON.stringify(npm)).not.toContain('"resolved"');
    expect(bunText).not.toMatch(/https?:/);
  });

  test("both installers get the same versions of the same packages", () => {
    const fromNpm = Object.entries(npm.packages)
      .filter(([path]) => path !== "")
      .map(([path, { version }]) => `${path.slice(path.lastIndexOf("node_modules/") + 13)}@${version}`);
    const fromBun = [...bunText.matchAll(/^ {4}"[^"]+": \["([^"]+)"/gm)].map((match) => match[1] ?? "");
    expect([...new Set(fromBun)].toSorted()).toEqual([...new Set(fromNpm)].toSorted());
  });

  test("they are those of package.json", () => {
    expect(npm.packages[""]?.dependencies as Record<string, string>).toEqual(packageFile.dependencies);
    expect(npm.packages[""]?.devDependencies as Record<string, string>).toEqual(packageFile.devDependencies);
    for (const [name, version] of Object.entries({ ...packageFile.dependencies, ...packageFile.devDependencies })) {
      expect(bunText).toContain(`"${name}": "${version}",`);
    }
  });

  test("the one package whose install script is needed may run it, with both installers", () => {
    expect(packageFile.trustedDependencies).toEqual(["bun"]);
    expect(packageFile.allowScripts).toEqual({ bun: true });
  });
});

describe("the Dockerfile", () => {
  test("takes the Bun that package.json pins", () => {
    for (const from of all("FROM"))
      expect(from).toMatch(new RegExp(`^oven/bun:${packageFile.devDependencies.bun}-slim\\b`));
  });

  test("copies only what exists and is not ignored", () => {
    const isIgnored = ignoreRules(join(ROOT, ".dockerignore"));
    const sources = dockerfile
      .filter(({ name, flags }) => name === "COPY" && flags["from"] === undefined)
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect([source, existsSync(join(ROOT, source)), isIgnored(source)]).toEqual([source, true, false]);
    }
  });

  test("runs as somebody without rights, and says so before it starts anything", () => {
    const names = dockerfile.map(({ name }) => name);
    expect(all("USER")).toEqual(["bun"]);
    expect(names.indexOf("USER")).toBeLessThan(names.indexOf("ENTRYPOINT"));
    expect(names.lastIndexOf("RUN")).toBeLessThan(names.indexOf("USER"));
  });

  test("exposes the ports that the program takes by default", () => {
    const { game, control, http, telemetry } = DEFAULT_PORTS;
    expect(all("EXPOSE")).toEqual([`${game} ${control} ${http} ${telemetry}/udp`]);
    expect(all("HEALTHCHECK")[0]).toContain(`:${http}/readyz?zone=all`);
  });
});

describe("the README's Docker lines", () => {
  const blocks = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^```console\n(.*?)^```$/gms)];
  const lines = blocks.flatMap(([, block = ""]) => block.trimEnd().split("\n"));

  test("are those of the Dockerfile, whose ports are the program's", () => {
    const [build, demo, run] = readFileSync(join(ROOT, "Dockerfile"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("#   docker "))
      .map((line) => line.slice(4));
    expect(lines).toEqual(expect.arrayContaining([build, demo, run]));
    const { game, control, http, telemetry } = DEFAULT_PORTS;
    expect([control - game, http - game]).toEqual([1, 2]);
    expect(run).toContain(`${game}-${http}:${game}-${http} `);
    expect(run).toContain(`:${telemetry}:${telemetry}/udp`);
  });

  test("name services and profiles of the composition, and commands that there are", () => {
    const words = lines.filter((line) => line.startsWith("docker compose")).flatMap((line) => line.split(" ").slice(2));
    const services = words.filter((word) => !["up", "--profile", "monitoring", "cluster"].includes(word));
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(services));
    expect(Object.values(compose.services).some(({ profiles }) => profiles?.includes("monitoring"))).toBe(true);
    const commands = commandTree().commands.map((command) => command.name());
    const used = lines.flatMap((line) => /server\/wowsim\.ts ([a-z-]+)/.exec(line)?.[1] ?? []);
    expect(used.length).toBeGreaterThan(3);
    expect(commands).toEqual(expect.arrayContaining(used));
  });

  test("work inside: in the image's folder the server is found by the file in the data folder that it writes", () => {
    expect(all("WORKDIR")).toEqual(["/app", "/app"]);
    expect(compose.services["server"]?.volumes?.[0]).toEndWith(":/app/.wowsim");
  });
});

describe("the composition", () => {
  const { demo, server } = compose.services;

  test("is the demo by default; the server has a profile", () => {
    const byDefault = Object.entries(compose.services).filter(([, service]) => service.profiles === undefined);
    expect(byDefault.map(([name]) => name)).toEqual(["demo"]);
    expect(demo?.command).toEqual(["demo", "--auto"]);
    expect(demo?.healthcheck?.disable).toBe(true);
    expect(server?.profiles).toContain("server");
  });

  test("publishes every exposed port, on this machine only", () => {
    const exposed = (all("EXPOSE")[0] ?? "").split(" ");
    const published = exposed.map((port) => `127.0.0.1:${port.replace("/udp", "")}:${port}`);
    expect(server?.ports).toEqual(published);
  });

  test("keeps the server's data folder in a volume that it may write to", () => {
    const [volume, path] = server?.volumes?.[0]?.split(":") ?? [];
    expect(Object.keys(compose.volumes)).toContain(volume ?? "");
    const owned = dockerfile.filter(({ name, flags }) => name === "COPY" && flags["chown"] === "bun:bun");
    expect(owned.map(({ rest }) => rest.split(/\s+/).at(-1) ?? "")).toContain(path ?? "no volume");
  });

  describe("of a cluster", () => {
    const roles = Object.entries(compose.services).filter(([, { profiles }]) => profiles?.includes("cluster"));

    test("has two gateways, two hosts, a controller and a bus, each with the user and the address of that bus", () => {
      const wowsim = roles.filter(([, { image }]) => image === "wowsim");
      expect(wowsim.map(([, { command }]) => command?.[0])).toEqual([
        "gateway",
        "gateway",
        "zone-host",
        "zone-host",
        "controller",
      ]);
      for (const [, { environment }] of wowsim)
        expect(environment).toMatchObject({ WOWSIM_BUS: "nats://nats:4222", WOWSIM_BUS_USER: "wowsim" });
      const names = wowsim.flatMap(([, { command = [] }]) => command[command.indexOf("--name") + 1] ?? []);
      expect(names).toEqual(expect.arrayContaining(["a", "b"]));
      expect(roles.length).toBe(wowsim.length + 1);
    });

    test("publishes its ports on this machine only, none of them twice, and not that of the bus", () => {
      const ports = roles.flatMap(([, service]) => service.ports ?? []);
      expect(ports.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
      expect(new Set(ports.map((port) => port.split(":")[1])).size).toBe(ports.length);
      expect(compose.services["nats"]?.ports).toBeUndefined();
    });

    test.skipIf(NATS === null)("its nats-server takes the configuration", () => {
      const mounted = compose.services["nats"]?.volumes?.find((volume) => volume.endsWith(".conf:ro")) ?? "";
      const { command = [] } = compose.services["nats"] ?? {};
      expect(command[command.indexOf("-c") + 1]).toBe(mounted.split(":")[1] ?? "no path");
      const flags = command.slice(2).map((flag) => flag.replace("${WOWSIM_TOKEN:-}", "a secret"));
      const file = join(ROOT, mounted.split(":")[0] ?? "");
      const check = Bun.spawnSync([NATS?.path ?? "", "-t", "-c", file, ...flags]);
      expect(check.stderr.toString()).toContain("is valid");
      expect(check.exitCode).toBe(0);
    });
  });

  test("passes the token on, and is not stopped by its absence where it is not needed", () => {
    expect(server?.environment?.["WOWSIM_TOKEN"]).toBe("${WOWSIM_TOKEN:-}");
    expect(demo?.environment).toBeUndefined();
  });
});

describe("the workflow", () => {
  interface Job {
    steps: { run?: string; uses?: string; with?: Record<string, string> }[];
  }
  const { jobs } = Bun.YAML.parse(readFileSync(join(ROOT, ".github/workflows/ci.yml"), "utf8")) as {
    jobs: Record<string, Job>;
  };
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test("takes the Bun that package.json pins", () => {
    const versions = steps.flatMap((step) => step.with?.["bun-version"] ?? []);
    expect(versions.length).toBeGreaterThan(0);
    expect([...new Set(versions)]).toEqual([packageFile.devDependencies.bun]);
  });

  test("runs only scripts that are there", () => {
    const scripts = steps.flatMap(({ run = "" }) => /^(?:npm|bun) run (\S+)/.exec(run)?.[1] ?? []);
    expect(scripts.length).toBeGreaterThan(2);
    expect(Object.keys(packageFile.scripts)).toEqual(expect.arrayContaining(scripts));
  });

  test("runs the whole test run, the demo, and the audit", () => {
    const commands = steps.map(({ run }) => run);
    expect(commands).toEqual(expect.arrayContaining(["npm test", "bun run demo --auto", "bun audit", "npm audit"]));
  });

  test("names a version of every action it uses", () => {
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/@v\d+$/);
  });
});

describe("the image, played through", () => {
  const temporary = mkdtempSync(join(tmpdir(), "wowsim-image-"));
  let image: Image;

  beforeAll(async () => {
    image = await playBuild(dockerfile, ROOT, temporary);
  }, 120_000);
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  const started: Bun.Subprocess[] = [];
  afterAll(() => {
    for (const child of started) child.kill("SIGKILL");
  });
  const start = (args: string[], env: Record<string, string> = {}): Bun.Subprocess<"ignore", "pipe", "pipe"> => {
    const child = Bun.spawn(args, {
      cwd: image.folder,
      env: { ...image.env, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    started.push(child);
    return child;
  };
  const anyPorts = [
    "--port",
    "0",
    "--control-port",
    "0",
    "--http-port",
    "0",
    "--telemetry-port",
    "0",
    "--format",
    "json",
  ];

  test("carries no tests, no benches and nothing that only development needs", () => {
    for (const path of ["test", "bench", "node_modules/oxlint", "node_modules/bun"]) {
      expect([path, existsSync(join(image.folder, path))]).toEqual([path, false]);
    }
    expect(existsSync(join(image.folder, "assembly/build/kernel.metered.wasm"))).toBe(true);
  });

  test("its server answers its health check, and stops when told to", async () => {
    const command = image.command.map((word) => (word === "0.0.0.0" ? "127.0.0.1" : word));
    const server = start([...command, ...anyPorts]);
    const reader = server.stdout.getReader();
    const ready = new TextDecoder().decode((await reader.read()).value);
    const { http } = JSON.parse(ready) as { http: number };
    const check = execForm(all("HEALTHCHECK")[0] ?? "").map((word) =>
      word.replace(`:${DEFAULT_PORTS.http}/`, `:${http}/`),
    );
    // Zones tick one after the other: the last one has its first tick up to an interval after the server is up.
    await until(async () => (await start(check).exited) === 0, "healthy");
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(await start(check).exited).not.toBe(0);
  });

  test("its server does not start without a token where others can reach it, and says what to do", async () => {
    const server = start([...image.command, ...anyPorts]);
    const complaint = await new Response(server.stderr).text();
    expect(await server.exited).toBe(64);
    expect(complaint).toContain("WOWSIM_TOKEN");
  });

  test("it can run the demo", async () => {
    const help = start([...image.command.slice(0, 2), ...(compose.services["demo"]?.command ?? []), "--help"]);
    expect(await new Response(help.stdout).text()).toContain("--auto");
    expect(await help.exited).toBe(0);
  });
});
