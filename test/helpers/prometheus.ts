// A real Prometheus on a free port of the loopback, with the project's own rules, that scrapes one server. It is no dependency:
// where it is missing, what needs it is skipped, and says so.
//
//   await using prometheus = await Prometheus.start(PROMETHEUS, { target: "127.0.0.1:8082" })
//   await prometheus.query("wowsim_ready")        // [{ metric: { instance: "..." }, value: [1769..., "1"] }]

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { until } from "./control-live.ts";
import { ROOT } from "./command.ts";
import { TempFolder } from "./serve-process.ts";

export const PROMETHEUS = Bun.which("prometheus");
export const PROMTOOL = Bun.which("promtool");

if (PROMETHEUS === null || PROMTOOL === null)
  process.stderr.write("SKIPPED: no Prometheus, so alerts and dashboard are not tried. apt-get install prometheus\n");

export const MONITORING = join(ROOT, "tools/monitoring");

export interface Series {
  metric: Record<string, string>;
  value: [atS: number, value: string];
}

export interface Rule {
  name: string;
  state: "inactive" | "pending" | "firing";
  health: string;
  lastError?: string;
}

export class Prometheus implements AsyncDisposable {
  readonly #folder = new TempFolder();
  readonly #child: Subprocess<"ignore", "ignore", "pipe">;
  readonly #url: string;

  /** Starts one and waits until it has scraped the target. */
  static async start(program: string, options: { target: string }): Promise<Prometheus> {
    const prometheus = new Prometheus(program, freePort(), options.target);
    try {
      await until("Prometheus has scraped the server", async () => {
        const found = await prometheus.query("up == 1").catch(() => []);
        return found.length === 1;
      });
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
    return prometheus;
  }

  private constructor(program: string, port: number, target: string) {
    const config = join(this.#folder.path, "prometheus.yml");
    void Bun.write(config, configFor(target));
    this.#url = `http://127.0.0.1:${port}/api/v1`;
    const flags = [
      `--config.file=${config}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${join(this.#folder.path, "data")}`,
      "--log.level=warn",
    ];
    this.#child = Bun.spawn([program, ...flags], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  }

  /** An instant query. Throws with what Prometheus says when it refuses it. */
  async query(expr: string): Promise<Series[]> {
    const { result } = (await this.#get(`query?query=${encodeURIComponent(expr)}`)) as { result: Series[] };
    return result;
  }

  async rules(): Promise<Rule[]> {
    const { groups } = (await this.#get("rules")) as { groups: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.#url}/${path}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string };
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    this.#folder[Symbol.dispose]();
  }
}

/** The project's own configuration, with another target, and looking every second. */
function configFor(target: string): string {
  return readFileSync(join(MONITORING, "prometheus.yml"), "utf8")
    .replaceAll(/(scrape|evaluation)_interval: 5s/g, "$1_interval: 1s")
    .replace("- alerts.yml", `- ${join(MONITORING, "alerts.yml")}`)
    .replace(/ +authorization:\n.*\n/, "")
    .replace("server:8082", target);
}

/** One that was free a moment ago: Prometheus can not be asked to take any. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}
