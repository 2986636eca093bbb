// The whole dashboard: telemetry and the control channel update the model, the model is drawn on the screen, keys and clicks
// change the screen and have effects. Each part is described in its own file; this file connects them.
//
//   feed, file, HTTP ─► TelemetrySource ─┐
//   control channel  ─► ControlSource ───┴─► Model ─► picture ─► frameOf ─► TerminalScreen
//                                              ▲                                │ keys, clicks
//   players, faults, deploys ◄── Actions ◄── effects ◄────── update ◄───────────┘
//
// It draws at most ten times a second, whatever comes in (draw-budget.ts): three times without input, and at once after a key
// or a click if the budget allows it.

import { WowsimError } from "../../server/protocol/errors.ts";
import { hostAndPort } from "../client/server-name.ts";
import { err, EXIT } from "../ui/output.ts";
import { Actions } from "./actions.ts";
import { ControlSource } from "./control-source.ts";
import { candidatesIn } from "./deploys.ts";
import { DrawBudget } from "./draw-budget.ts";
import type { Effect } from "./effects.ts";
import { commandAt, frameOf } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { shows } from "./layout.ts";
import { suspended, untilEnd } from "./lifecycle.ts";
import { Model } from "./model.ts";
import type { Candidate } from "./open-dialog.ts";
import { shownZone } from "./picture.ts";
import type { Picture } from "./picture.ts";
import { FIRST_SCREEN } from "./screen-state.ts";
import type { Screen } from "./screen-state.ts";
import { TelemetrySource } from "./telemetry-source.ts";
import { TerminalScreen } from "./terminal-screen.ts";
import type { Style } from "./text.ts";
import { commanded, keyed, wheeled } from "./update.ts";
import type { Around, Next } from "./update.ts";
import { Whereabouts } from "./whereabouts.ts";
import type { Place } from "./whereabouts.ts";

export interface DashboardOptions extends Place {
  /** Finds the server again after it is lost; absent: the address does not change. */
  find?: () => Promise<Place>;
  /** .wasm files that can be deployed, in addition to those in the working directory. */
  candidates: readonly string[];
  hasColor: boolean;
  isAscii: boolean;
  /** Called after every draw; for measurements. */
  onDraw?: (picture: Picture) => void;
}

const DRAW_INTERVAL_MS = 333;
const LOOK_INTERVAL_MS = 111;

/** Runs until the user quits; returns the exit code. Throws WowsimError("no_terminal"). */
export async function runDashboard(options: DashboardOptions): Promise<number> {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true || process.env["TERM"] === "dumb")
    throw new WowsimError("no_terminal", NO_TERMINAL);
  const dashboard = new Dashboard(options, await candidatesIn(".", options.candidates));
  return await dashboard.run();
}

const nameOf = ({ host, controlPort }: Place): string => hostAndPort(host, controlPort);

/** Only the address, without the other options. */
function placeOf({
  host,
  port,
  controlPort,
  httpPort,
  telemetryPort,
  telemetryFile,
  token,
  playerToken,
}: Place): Place {
  return { host, port, controlPort, httpPort, telemetryPort, telemetryFile, token, playerToken };
}

const NO_TERMINAL =
  "The dashboard needs a terminal that can move its cursor, for its keys as well as for what it draws. " +
  "In a pipe or a script use wowsim health --watch, with --format json for programs.";

class Dashboard {
  readonly #options: DashboardOptions;
  readonly #candidates: readonly Candidate[];
  readonly #terminal: TerminalScreen;
  readonly #model: Model;
  readonly #telemetry: TelemetrySource;
  readonly #control: ControlSource;
  readonly #actions: Actions;
  #screen: Screen = FIRST_SCREEN;
  #picture: Picture;
  #frame: Frame | null = null;
  readonly #budget = new DrawBudget();
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #soon: Timer | null = null;
  #end: (exitCode: number) => void = () => {};

  constructor(options: DashboardOptions, candidates: readonly Candidate[]) {
    const { find = () => Promise.resolve(options) } = options;
    const whereabouts = new Whereabouts(
      placeOf(options),
      async () => placeOf(await find()),
      () => {
        this.#model.server = nameOf(whereabouts.place);
        this.#model.note(`the server is at ${this.#model.server} now`);
      },
    );
    const { place } = whereabouts;
    this.#options = options;
    this.#candidates = candidates;
    this.#terminal = new TerminalScreen(options);
    this.#model = new Model({ server: nameOf(place), now: Date.now });
    this.#picture = this.#model.picture();
    this.#telemetry = new TelemetrySource(whereabouts, this.#model);
    this.#control = new ControlSource(whereabouts, this.#model, () => this.#zoneLookedAt());
    this.#actions = new Actions({
      place,
      control: this.#control,
      model: this.#model,
      now: Date.now,
      onChange: () => this.#drawSoon(),
      say: (text, style) => this.#say(text, style),
    });
  }

  async run(): Promise<number> {
    const onExit = (): void => this.#actions.kill();
    process.on("exit", onExit);
    const exitCode = await untilEnd({ leave: () => this.#terminal.leave() }, (end) => this.#start(end));
    for (const timer of [this.#timer, this.#soon]) if (timer !== null) clearTimeout(timer);
    this.#telemetry.stop();
    const { run } = this.#model;
    if (run !== null && run.outcome === null)
      err(`wowsim: the deploy of ${run.label} is being rolled back; Ctrl-C leaves that to the server's lease.`);
    await this.#actions.end();
    this.#control.stop();
    process.off("exit", onExit);
    return exitCode;
  }

  #start(end: (exitCode: number) => void): void {
    this.#end = end;
    this.#timer = setInterval(() => this.#drawWhenDue(), LOOK_INTERVAL_MS);
    this.#enter();
    this.#telemetry.start();
    this.#control.start();
    this.#draw();
  }

  #enter(): void {
    this.#terminal.enter({
      onKey: (key) => this.#follow(keyed(this.#screen, key, this.#around)),
      onClick: (x, y) => this.#click(x, y),
      onWheel: (by) => this.#follow(wheeled(this.#screen, by, this.#around)),
      onResize: () => this.#drawSoon(),
    });
  }

  get #around(): Around {
    return { picture: this.#model.picture(), candidates: this.#candidates };
  }

  #click(x: number, y: number): void {
    const command = this.#frame === null ? null : commandAt(this.#frame, x, y);
    if (command !== null) this.#follow(commanded(this.#screen, command, this.#around));
  }

  #follow({ screen, effects }: Next): void {
    this.#screen = screen;
    for (const effect of effects) this.#do(effect);
    this.#drawSoon();
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case "quit":
        return this.#end(EXIT.ok);
      case "repaint":
        return this.#terminal.repaint();
      case "suspend":
        return void this.#suspend();
      default:
        void this.#actions.carryOut(effect);
    }
  }

  async #suspend(): Promise<void> {
    this.#terminal.leave();
    await suspended();
    this.#enter();
    this.#drawSoon();
  }

  #say(text: string, style: Style): void {
    this.#screen = { ...this.#screen, notice: { text, style, atMs: Date.now() } };
    this.#drawSoon();
  }

  /** The zone whose map is polled; 0 when no panel shows one. */
  #zoneLookedAt(): number {
    const isShown = this.#frame !== null && shows(this.#frame.layout, "map", "threat");
    return isShown ? shownZone(this.#picture, this.#screen.zoneId) : 0;
  }

  /** Draws without input, when nothing else has caused a draw for a while. */
  #drawWhenDue(): void {
    if (performance.now() - this.#drawnAtMs > DRAW_INTERVAL_MS - LOOK_INTERVAL_MS / 2) this.#draw();
  }

  /** As soon as the budget allows; all changes in this turn of the event loop are in the same draw. */
  #drawSoon(waitMs = 0): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.#draw();
    }, waitMs);
  }

  #draw(): void {
    // A slow terminal gets the newest state later, instead of every state.
    if (this.#terminal.isClogged) return;
    const nowMs = performance.now();
    const waitMs = this.#budget.take(nowMs);
    if (waitMs > 0) return this.#drawSoon(waitMs);
    this.#drawnAtMs = nowMs;
    this.#picture = this.#model.picture();
    this.#frame = frameOf(this.#picture, this.#screen, this.#terminal.size);
    this.#terminal.draw(this.#frame);
    this.#options.onDraw?.(this.#picture);
  }
}
