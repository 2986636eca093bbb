// The dashboard in a real terminal, on a real server: what its e2e tests drive.
//
//   await using dashboard = await DashboardTerminal.start(server, { width: 80, height: 24 })
//   await dashboard.home()                      // the overview, no dialog, nothing filtered
//   dashboard.tmux.keys("s")

import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { ROOT } from "./command.ts";
import { Tmux } from "./tmux.ts";
import type { TmuxOptions } from "./tmux.ts";

export interface DashboardOptions extends TmuxOptions {
  /** Further flags, or what takes the place of `wowsim dashboard` and takes the same flags. */
  flags?: string;
  program?: string;
  /** Begun there without the ports: the server of that folder is meant. */
  folder?: string;
}

interface Ports {
  game: number;
  control: number;
  http: number;
  telemetry: number;
}

/** How a server's ports are told to a command. */
export const portFlags = ({ ports }: { ports: Ports }): string =>
  `--port ${ports.game} --control-port ${ports.control} --http-port ${ports.http} --telemetry-port ${ports.telemetry}`;

const isHome = (screen: string): boolean =>
  /─ Zones \(/.test(screen) && /Events, notable ─/.test(screen) && !screen.includes("┌─");

export class DashboardTerminal implements AsyncDisposable {
  readonly tmux: Tmux;
  readonly #command: string;

  /** In a shell that has been used before, so that there is something to come back to. */
  static async start(server: { ports: Ports }, options: DashboardOptions): Promise<DashboardTerminal> {
    const tmux = await Tmux.start(options);
    const { flags = "", program = `${ROOT}/server/wowsim.ts dashboard`, folder } = options;
    const ports = folder === undefined ? portFlags(server) : "";
    const dashboard = new DashboardTerminal(tmux, `${process.execPath} ${program} ${ports} ${flags}`);
    tmux.type(`cd ${folder ?? ROOT}; clear; echo before the dashboard\n`);
    await tmux.shows(/^before the dashboard\n\$$/m);
    return dashboard;
  }

  private constructor(tmux: Tmux, command: string) {
    this.tmux = tmux;
    this.#command = command;
  }

  /** Types the command; resolves when telemetry, or what else is meant to come, is on the screen. At its end it says `ended with <exit code>`. */
  async open(shows: RegExp | string = /^[●@] live/m): Promise<void> {
    this.tmux.type(`wowsim_dashboard() { ${this.#command}; }\n`);
    // What was on the screen before has no line that depends on ports and paths.
    this.tmux.type("clear; echo before the dashboard; wowsim_dashboard; echo ended with $?\n");
    await this.tmux.shows(shows);
  }

  /** As a command of its own, which the shell can stop and bring back. */
  async openPlainly(): Promise<void> {
    this.tmux.type(`clear; ${this.#command}\n`);
    await this.tmux.shows(/^[●@] live/m);
  }

  /** The overview as it begins: no dialog, nothing filtered, the log not held still. */
  async home(): Promise<void> {
    // One Escape at a time: with what follows at once, it would be taken for another key.
    for (let n = 0; n < 20 && !isHome(this.tmux.screen); n++) {
      this.tmux.keys(n % 5 === 4 ? "1" : "Escape");
      await Bun.sleep(150);
    }
    await this.tmux.until(isHome, "shows the overview");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tmux[Symbol.asyncDispose]();
  }
}

/** As the control channel lists them. */
export async function faultsOf(of: { ports: Pick<Ports, "control"> }): Promise<FaultStatus[]> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: of.ports.control });
  return (await control.ask({ command: "list" }))["faults"] as FaultStatus[];
}
