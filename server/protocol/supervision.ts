// What the parent of `serve --supervise` and the server that it started tell each other. The parent tells by one variable of the
// environment, the server by messages over the channel that Bun.spawn opens between a process and its child.
//
//   WOWSIM_SUPERVISED={"scratch":"/tmp/wowsim-Qz","crumbFile":"/dev/shm/wowsim-Xy/breadcrumbs"}     parent → server
//   { "type": "ready", "game": 40123, ..., "text": ["wowsim serves 1 Elwynn Forest at 20 Hz.", ...] }    server → parent
//   { "type": "ending", "ending": "watchdog", "reason": "The thread of zone worker 1 ..." }
//   { "type": "refused", "code": "port_in_use" }

import { z } from "zod";

/** The variable's name. */
export const SUPERVISED = "WOWSIM_SUPERVISED";

const Supervised = z.object({
  /** The scratch folder, which all servers of one parent share; one that outlives the parent removes it. */
  scratch: z.string().optional(),
  /** The file in memory for the breadcrumbs; one that outlives the parent removes its folder. */
  crumbFile: z.string().optional(),
});
export type Supervised = z.infer<typeof Supervised>;

/** How this process was started; null when no parent supervises it. */
export function supervisedBy(env: Readonly<Record<string, string | undefined>>): Supervised | null {
  try {
    return Supervised.safeParse(JSON.parse(env[SUPERVISED] ?? "null")).data ?? null;
  } catch {
    // Somebody else's variable.
    return null;
  }
}

const port = z.number().int().min(1).max(65_535);

export const ReadyMessage = z.object({
  type: z.literal("ready"),
  game: port,
  control: port,
  http: port,
  telemetry: port,
  data_dir: z.string(),
  telemetry_file: z.string(),
  notices: z.array(z.string()).optional(),
  /** The same for people. */
  text: z.array(z.string()),
});
export type ReadyMessage = z.infer<typeof ReadyMessage>;

export const ChildMessage = z.discriminatedUnion("type", [
  ReadyMessage,
  /** It stops in order, and why. */
  z.object({ type: z.literal("ending"), ending: z.enum(["crash", "disk", "watchdog"]), reason: z.string() }),
  /** It could not start. */
  z.object({ type: z.literal("refused"), code: z.string() }),
]);
export type ChildMessage = z.infer<typeof ChildMessage>;

/** What the parent needs. */
export interface SuperviseOptions {
  /** The command of the server; the ports of the first server are added for the later ones. */
  command: readonly string[];
  /** Its environment, with the tokens. */
  env: Readonly<Record<string, string | undefined>>;
  /** The address it listens on. */
  host: string;
  dataDir: string;
  /** The data directory is temporary: it goes with the parent. */
  isScratch: boolean;
  /** The operators' token, to ask the control port with. */
  token?: string | undefined;
  version: string;
  onReady(ready: ReadyMessage, pid: number, restarts: number): void;
  onEvent(event: SuperviseEvent): void;
  /** What the server says on stderr; must not wait. */
  onStderr(bytes: Uint8Array): void;
  /** Registers who is told that the parent is to stop: once by each signal. */
  onStop(listener: (signal: StopSignal) => void): void;
}

export type StopSignal = "SIGINT" | "SIGTERM";

/** What happens to the server, in words and as fields. */
export interface SuperviseEvent {
  event: "server_silent" | "server_ended" | "gave_up";
  text: string;
  [field: string]: unknown;
}

/** Runs until the server is stopped or can not be kept running; resolves with the exit code. */
export type Supervise = (options: SuperviseOptions) => Promise<number>;
