// The players added from the dashboard: `wowsim spawn-clients` as child processes, so that hundreds of them do not slow
// the screen. They end with the dashboard, also when it is killed.
//
//   const players = new PlayerGroups({ place, now, onChange, onEnd })
//   players.spawn({ players: 20, zoneId: 0, durationS: 30 })
//   await players.despawn()

import type { Subprocess } from "bun";
import { z } from "zod";
import { spokenOf } from "../client/child-output.ts";
import { selfCommand } from "../ui/self.ts";
import type { Place } from "./whereabouts.ts";

/** "Until stopped" has to be a number. */
const FOREVER_S = 86_400;
const ACTIONS_PER_S = 2;
const LEAVE_MS_MAX = 3_000;

/** The part of spawn-clients' summary that is shown. */
const Summary = z.object({
  connects: z.number(),
  drops: z.number(),
  round_trip_ms: z.object({ p99: z.number().nullable() }),
});

export interface PlayersWish {
  players: number;
  /** 0: spread over the zones. */
  zoneId: number;
  /** Null: until the user ends them. */
  durationS: number | null;
}

export interface PlayerGroupsOptions {
  /** The current address of the server. */
  place: Readonly<Pick<Place, "host" | "port" | "playerToken">>;
  now: () => number;
  onChange(): void;
  /** Called when a group has left; the text says what it measured, or why it never played. */
  onEnd(text: string, ok: boolean): void;
}

interface Group {
  child: Subprocess<"pipe", "pipe", "pipe">;
  count: number;
  untilMs: number | null;
}

export class PlayerGroups {
  readonly #options: PlayerGroupsOptions;
  readonly #groups = new Set<Group>();
  #seed = 1;

  constructor(options: PlayerGroupsOptions) {
    this.#options = options;
  }

  /** Null when there are no players. */
  get present(): { count: number; untilMs: number | null } | null {
    if (this.#groups.size === 0) return null;
    const groups = [...this.#groups];
    const ends = groups.map(({ untilMs }) => untilMs ?? Number.POSITIVE_INFINITY);
    const last = Math.max(...ends);
    return { count: groups.reduce((sum, { count }) => sum + count, 0), untilMs: Number.isFinite(last) ? last : null };
  }

  spawn({ players, zoneId, durationS }: PlayersWish): void {
    const { place, now } = this.#options;
    const { host, port, playerToken: token } = place;
    const flags = ["--host", host, "--port", String(port), "--count", String(players), "--rate", String(ACTIONS_PER_S)];
    flags.push("--duration", `${durationS ?? FOREVER_S}s`, "--seed", String(this.#seed++), "--with-parent");
    if (zoneId > 0) flags.push("--zone", String(zoneId));
    const child = Bun.spawn(selfCommand("spawn-clients", ...flags, "--format", "json"), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: token === undefined ? process.env : { ...process.env, WOWSIM_PLAYER_TOKEN: token },
      // Ctrl-C in our terminal reaches only the dashboard, which then ends the players in order.
      detached: true,
    });
    const group = { child, count: players, untilMs: durationS === null ? null : now() + durationS * 1_000 };
    this.#groups.add(group);
    void this.#untilEnd(group);
    this.#options.onChange();
  }

  /** All players leave the game in order; resolves when they have. */
  async despawn(): Promise<void> {
    await Promise.all([...this.#groups].map(({ child }) => leave(child)));
  }

  /** At the process's exit: kills the players that are left. */
  kill(): void {
    for (const { child } of this.#groups) child.kill("SIGKILL");
  }

  async #untilEnd(group: Group): Promise<void> {
    const { child, count } = group;
    const [said, complaint] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    this.#groups.delete(group);
    const summary = summaryOf(said);
    const problem = spokenOf(complaint.split("\n"))[0] ?? "";
    if (summary === null) this.#options.onEnd(`${count} players: ${problem || "ended without output"}`, false);
    else {
      const { connects, drops, round_trip_ms: roundTrip } = summary;
      const felt = `${roundTrip.p99 === null ? "no round trip" : `round trip p99 ${Math.round(roundTrip.p99)} ms`}, ${drops} drops`;
      const text = `${connects} of ${count} players have left: ${felt}`;
      this.#options.onEnd(problem === "" ? text : `${text}; ${problem}`, problem === "");
    }
    this.#options.onChange();
  }
}

async function leave(child: Subprocess): Promise<void> {
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), LEAVE_MS_MAX);
  await child.exited;
  clearTimeout(timer);
}

function summaryOf(text: string): z.infer<typeof Summary> | null {
  try {
    return Summary.parse(JSON.parse(text.trim().split("\n").at(-1) ?? ""));
  } catch {
    // There is no summary: its stderr says why.
    return null;
  }
}
