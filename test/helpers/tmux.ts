// A real terminal for tests: a tmux of its own, without anybody's configuration, in which a shell runs what a person types.
//
//   await using tmux = await Tmux.start({ width: 80, height: 24 })
//   tmux.type("wowsim dashboard\n")
//   await tmux.shows(/live HEALTHY/)
//   tmux.keys("s", "Down", "Enter")          // as tmux names them
//   tmux.click(3, 22)
//   tmux.screen                              // the text on it
//
// Without tmux every test that needs it fails, and says how to install it: a terminal that was not tried is not known to work.

import { randomUUID } from "node:crypto";

const PATIENCE_MS = 40_000;
const LOOK_MS = 50;
const MISSING =
  "tmux is missing, so nothing is known about what a real terminal shows. Install it: apt-get install tmux (Debian, Ubuntu), brew install tmux (macOS).";

export interface TmuxOptions {
  width: number;
  height: number;
  env?: Record<string, string>;
  /** Another than sh. */
  shell?: string;
  /** Words before the command that starts all of it, such as those of own-network.ts. */
  within?: readonly string[];
}

/** What a program may have changed and must put back. */
export interface TerminalState {
  stty: string;
  isAlternate: boolean;
  hasCursor: boolean;
  hasMouse: boolean;
}

export class Tmux implements AsyncDisposable {
  readonly #socket = `wowsim-test-${randomUUID()}`;

  /** A shell that waits for its first command. Throws when there is no tmux. */
  static async start({ width, height, env = {}, shell = "sh", within = [] }: TmuxOptions): Promise<Tmux> {
    if (Bun.which("tmux") === null) throw new Error(MISSING);
    const tmux = new Tmux();
    const variables = Object.entries({ PS1: "$ ", TERM: "tmux-256color", LC_ALL: "C.UTF-8", ...env });
    const sets = variables.map(([name, value]) => `${name}='${value}'`).join(" ");
    const unset = ["CI", "NO_COLOR", "WOWSIM_TOKEN"].filter((name) => env[name] === undefined);
    const command = `env ${unset.map((name) => `-u ${name}`).join(" ")} ${sets} ${shell}`;
    const size = ["-x", String(width), "-y", String(height)];
    tmux.#runWithin(within, "-u", "-f", "/dev/null", "new-session", "-d", ...size, command);
    await tmux.shows(/^\$$/m);
    return tmux;
  }

  /** The text on the screen, a line a row, without blanks at their ends. */
  get screen(): string {
    return this.#run("capture-pane", "-p");
  }

  /** The screen and all that has scrolled off it; lines that were too long for it are whole again. */
  get everything(): string {
    return this.#run("capture-pane", "-p", "-J", "-S", "-");
  }

  /** The same with its escape sequences for colours and weights. */
  get colored(): string {
    return this.#run("capture-pane", "-p", "-e");
  }

  /** As a person types it; "\n" is Enter. */
  type(text: string): void {
    for (const [index, part] of text.split("\n").entries()) {
      if (index > 0) this.keys("Enter");
      if (part !== "") this.#run("send-keys", "-l", "--", part);
    }
  }

  /** By tmux's names: "a", "Enter", "Escape", "Up", "BTab", "C-c", "PageUp". */
  keys(...names: string[]): void {
    this.#run("send-keys", "--", ...names);
  }

  /** Cells from 0. The press and the release of the left button. */
  click(x: number, y: number): void {
    for (const end of ["M", "m"]) this.#run("send-keys", "-l", "--", `\x1b[<0;${x + 1};${y + 1}${end}`);
  }

  /** In the middle of the first place where the screen shows this text. */
  clickOn(text: string): void {
    const rows = this.screen.split("\n");
    const y = rows.findIndex((row) => row.includes(text));
    if (y < 0) throw new Error(`There is no ${text} to click on:\n${rows.join("\n")}`);
    this.click((rows[y]?.indexOf(text) ?? 0) + Math.floor(text.length / 2), y);
  }

  wheel(direction: "up" | "down"): void {
    this.#run("send-keys", "-l", "--", `\x1b[<${direction === "up" ? 64 : 65};10;10M`);
  }

  paste(text: string): void {
    this.#run("set-buffer", "--", text);
    this.#run("paste-buffer", "-p");
  }

  resize(width: number, height: number): void {
    this.#run("resize-window", "-x", String(width), "-y", String(height));
  }

  /** Resolves when the screen shows it; throws with the screen when it never does. */
  async shows(what: RegExp | string): Promise<string> {
    return await this.until(
      (screen) => (typeof what === "string" ? screen.includes(what) : what.test(screen)),
      `shows ${what}`,
    );
  }

  /** Presses keys, and waits for what they bring about. */
  press(keys: string | string[], what: RegExp | string): Promise<string> {
    this.keys(...[keys].flat());
    return this.shows(what);
  }

  /** Clicks on a text, and waits for what that brings about. */
  clickFor(text: string, what: RegExp | string): Promise<string> {
    this.clickOn(text);
    return this.shows(what);
  }

  async showsNot(what: RegExp | string): Promise<string> {
    return await this.until(
      (screen) => !(typeof what === "string" ? screen.includes(what) : what.test(screen)),
      `shows no ${what}`,
    );
  }

  async until(isSo: (screen: string) => boolean, what: string, patienceMs = PATIENCE_MS): Promise<string> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const { screen } = this;
      if (isSo(screen)) return screen;
      if (performance.now() > deadline) throw new Error(`The screen never ${what}:\n${screen}`);
      await Bun.sleep(LOOK_MS);
    }
  }

  /** Asks the shell, which must be waiting. */
  async state(): Promise<TerminalState> {
    const flags = this.#run("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}")
      .trim()
      .split(" ");
    const [isAlternate, hasCursor, hasMouse] = flags.map((flag) => flag === "1");
    return { stty: this.#stty(), isAlternate: isAlternate!, hasCursor: hasCursor!, hasMouse: hasMouse! };
  }

  /** Process id of the shell's newest child. */
  childPid(): number {
    const shell = this.#run("display-message", "-p", "#{pane_pid}").trim();
    const { stdout } = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", shell]);
    return Number(stdout.toString().trim().split("\n").at(-1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its last word may be that it is gone already.
    Bun.spawnSync(["tmux", "-L", this.#socket, "kill-server"], { stderr: "ignore" });
  }

  #stty(): string {
    const tty = this.#run("display-message", "-p", "#{pane_tty}").trim();
    return Bun.spawnSync(["stty", "-a", "-F", tty]).stdout.toString();
  }

  #run(...args: string[]): string {
    return this.#runWithin([], ...args);
  }

  #runWithin(within: readonly string[], ...args: string[]): string {
    const { stdout, stderr, exitCode } = Bun.spawnSync([...within, "tmux", "-L", this.#socket, ...args]);
    if (exitCode !== 0) throw new Error(`tmux ${args.join(" ")}: ${stderr.toString()}`);
    return stdout.toString();
  }
}
