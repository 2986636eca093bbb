// What an operator gets for tools of their own, tried with these tools: alert rules and the Grafana dashboard's queries on a real
// Prometheus that scrapes a real server, the telemetry file in a real lnav, and the composition that starts it all.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../helpers/command.ts";
import { LiveServer, until } from "../helpers/control-live.ts";
import { MONITORING, PROMETHEUS, Prometheus, PROMTOOL } from "../helpers/prometheus.ts";
import { TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(120_000);

const LNAV = Bun.which("lnav");
if (LNAV === null) process.stderr.write("SKIPPED: no lnav, so its format is not tried. apt-get install lnav\n");

const PLAYERS = 6;
let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start({ players: PLAYERS });
});
afterAll(() => live[Symbol.asyncDispose]());

interface Panel {
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}
const dashboard = JSON.parse(readFileSync(join(MONITORING, "grafana/wowsim.json"), "utf8")) as {
  panels: Panel[];
  templating: { list: { name: string; query: string }[] };
};

describe.if(PROMETHEUS !== null && PROMTOOL !== null)("Prometheus", () => {
  let prometheus: Prometheus;

  beforeAll(async () => {
    prometheus = await Prometheus.start(PROMETHEUS ?? "", { target: `127.0.0.1:${live.child.ports.http}` });
    // A rate needs two samples.
    await until(
      "there are rates",
      async () => (await prometheus.query("rate(wowsim_zone_ticks_total[30s])")).length > 0,
    );
  });
  afterAll(() => prometheus[Symbol.asyncDispose]());

  test("every query of the dashboard gives numbers, under the labels that its legend names", async () => {
    const panels = dashboard.panels.filter(({ targets }) => targets !== undefined);
    expect(panels.length).toBeGreaterThan(20);
    for (const { title, targets = [] } of panels) {
      for (const { expr, legendFormat } of targets) {
        const found = await prometheus.query(expr.replaceAll(/\$(instance|zone)/g, ".*"));
        expect([title, expr, found.length > 0]).toEqual([title, expr, true]);
        for (const [, label = ""] of legendFormat.matchAll(/{{(\w+)}}/g))
          expect([title, Object.keys(found[0]?.metric ?? {})]).toEqual([title, expect.arrayContaining([label])]);
      }
    }
    for (const { query } of dashboard.templating.list) {
      const [, metric = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      const [first] = await prometheus.query(metric.replace("$instance", ".*"));
      expect(first?.metric).toHaveProperty(label);
    }
  });

  test("every alert rule is evaluated without an error, and of an ordinary server no critical one fires", async () => {
    await until("the rules were evaluated", async () =>
      (await prometheus.rules()).every(({ health }) => health === "ok"),
    );
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(15);
    expect(rules.filter(({ lastError }) => lastError !== undefined)).toEqual([]);
    const quiet = ["WowsimUnreachable", "WowsimNotScraped", "WowsimNotReady", "WowsimZoneDown", "WowsimErrorStorm"];
    expect(rules.filter(({ name, state }) => quiet.includes(name) && state === "firing")).toEqual([]);
  });

  test("every metric that a rule or a panel names is one of the server's", async () => {
    const text = await (await fetch(`http://127.0.0.1:${live.child.ports.http}/metrics`)).text();
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const used = `${readFileSync(join(MONITORING, "alerts.yml"), "utf8")}${JSON.stringify(dashboard)}`;
    const names = new Set([...used.matchAll(/\b(?:wowsim|process)_[a-z0-9_]+/g)].map(([name]) => name));
    names.delete("wowsim_token");
    const unknown = [...names].filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, "")));
    expect(unknown).toEqual([]);
  });

  test("a zone whose ticks last too long raises alerts of that zone", async () => {
    await live.ask({ command: "activate", fault_id: "latency-spike", target_zone_id: 1, params: { delay_ms: 150 } });
    for (const alert of ["WowsimTicksLate", "WowsimTickRateHalved"]) {
      const raised = `ALERTS{alertname="${alert}",alertstate="firing",zone="1"}`;
      await until(`${alert} fires`, async () => (await prometheus.query(raised)).length === 1);
    }
    await live.remove("latency-spike");
  });

  test("the rules hold for series made by hand, thresholds included", () => {
    const rules = join(ROOT, "test/golden/monitoring/alerts.test.yml");
    const { exitCode, stderr, stdout } = Bun.spawnSync([PROMTOOL ?? "", "test", "rules", rules]);
    expect([exitCode, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining("SUCCESS") as string]);
  });

  test("the configuration is one that Prometheus takes", () => {
    const config = join(MONITORING, "prometheus.yml");
    const { exitCode, stderr } = Bun.spawnSync([PROMTOOL ?? "", "check", "config", "--syntax-only", config]);
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  });
});

test("the composition's profile starts both beside the server, with files that are there", () => {
  interface Service {
    profiles?: string[];
    ports?: string[];
    volumes?: string[];
    secrets?: string[];
  }
  const { services, secrets } = Bun.YAML.parse(readFileSync(join(ROOT, "compose.yaml"), "utf8")) as {
    services: Record<string, Service>;
    secrets: Record<string, { environment: string }>;
  };
  const names = Object.keys(services).filter((name) => services[name]?.profiles?.includes("monitoring"));
  expect(names.toSorted()).toEqual(["grafana", "prometheus", "server"]);
  for (const { volumes = [], ports = [] } of [services["prometheus"] ?? {}, services["grafana"] ?? {}]) {
    expect(volumes.length).toBeGreaterThan(1);
    for (const volume of volumes) {
      const [source = "", target, mode] = volume.split(":");
      expect([source, existsSync(join(ROOT, source)), target?.startsWith("/"), mode]).toEqual([
        source,
        true,
        true,
        "ro",
      ]);
    }
    for (const port of ports) expect(port).toStartWith("127.0.0.1:");
  }
  const config = readFileSync(join(MONITORING, "prometheus.yml"), "utf8");
  const [secret = ""] = services["prometheus"]?.secrets ?? [];
  expect(config).toContain(`/run/secrets/${secret}`);
  expect(secrets[secret]?.environment).toBe("WOWSIM_TOKEN");
  const { datasources } = Bun.YAML.parse(readFileSync(join(MONITORING, "grafana/datasource.yml"), "utf8")) as {
    datasources: { uid: string; url: string }[];
  };
  expect(JSON.stringify(dashboard)).toContain(`"uid":"${datasources[0]?.uid}"`);
  expect(datasources[0]?.url).toBe("http://prometheus:9090");
});

test.if(LNAV !== null)("lnav reads the telemetry file: every line, its time, level, component and data", async () => {
  using home = new TempFolder();
  const lnav = (...args: string[]): string => {
    const env = { ...process.env, HOME: home.path, XDG_CONFIG_HOME: home.path };
    const { exitCode, stdout, stderr } = Bun.spawnSync([LNAV ?? "", ...args], { env });
    expect([exitCode, stderr.toString().includes("error")]).toEqual([0, false]);
    return stdout.toString();
  };
  lnav("-i", join(MONITORING, "lnav-wowsim.json"));
  await live.sees(({ message }) => message === "Process", 0);
  const file = join(home.path, "telemetry.jsonl");
  await Bun.write(file, (await Bun.file(live.child.telemetryFile).text()).split("\n").slice(0, -1).join("\n"));
  const lines = (await Bun.file(file).text()).split("\n").length;
  const query = `;SELECT count(*) AS n, count(DISTINCT component) AS c, sum(log_level = 'debug') AS metrics,
    max(jget(data, '/tick')) AS tick FROM wowsim_log`;
  const [found] = JSON.parse(lnav("-n", "-c", query, "-c", ":write-json-to -", file)) as [Record<string, number>];
  expect(found).toMatchObject({ n: lines });
  expect(found?.["c"]).toBeGreaterThan(4);
  expect(found?.["metrics"]).toBeGreaterThan(10);
  expect(found?.["tick"]).toBeGreaterThan(10);
});
