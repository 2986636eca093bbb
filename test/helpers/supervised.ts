// `wowsim serve --supervise` as its tests see it: a ServeProcess with the lines that the parent prints.
//
//   await using parent = await Supervised.ready()
//   process.kill(parent.server.pid, "SIGKILL")
//   await parent.event("server_ended")     // { ending: "crash", report: "...", ... }
//   await parent.restarted(1)              // the ready line of the next server

import { readFileSync } from "node:fs";
import type { CrashReport } from "../../server/protocol/crash-report.ts";
import { until } from "./net.ts";
import { ServeProcess } from "./serve-process.ts";
import type { ReadyLine } from "./serve-process.ts";

/** A restart may take a slow machine some seconds; silence has to last for about nine before it is one. */
const WAIT_MS_MAX = 60_000;

interface EventLine {
  event: string;
  ending: string;
  how: string;
  reason: string | null;
  exit_code: number | null;
  pid: number;
  report: string | null;
  restart_in_ms: number | null;
  text: string;
}
type Ready = ReadyLine & { restarts: number };

export class Supervised extends ServeProcess {
  static override async ready(...flags: string[]): Promise<Supervised> {
    return await Supervised.with({}, ...flags);
  }

  static async with(env: Record<string, string>, ...flags: string[]): Promise<Supervised> {
    const parent = new Supervised(["--supervise", ...flags], env);
    await parent.untilReady();
    return parent;
  }

  /** The lines of JSON on its stdout, without one that is only half there. */
  get lines(): (Ready | EventLine)[] {
    const text = this.stdout.slice(0, this.stdout.lastIndexOf("\n") + 1);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Ready | EventLine);
  }

  get servers(): Ready[] {
    return this.lines.filter((line) => "ready" in line);
  }

  /** The newest server. */
  get server(): Ready {
    return this.servers.at(-1)!;
  }

  get events(): EventLine[] {
    return this.lines.filter((line) => "event" in line);
  }

  /** The ready line of the server after so many restarts. */
  async restarted(restarts: number): Promise<Ready> {
    await until(() => this.servers.some((server) => server.restarts === restarts), undefined, WAIT_MS_MAX);
    return this.servers.find((server) => server.restarts === restarts)!;
  }

  /** The first event of this name, from the n-th on. */
  async event(name: string, nth = 0): Promise<EventLine> {
    const found = (): EventLine | undefined => this.events.filter(({ event }) => event === name)[nth];
    await until(() => found() !== undefined, undefined, WAIT_MS_MAX);
    return found()!;
  }
}

export function readReport(path: string | null): CrashReport {
  return JSON.parse(readFileSync(path ?? "", "utf8")) as CrashReport;
}
