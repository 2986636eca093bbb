// A game port that says what a test tells it to: welcomes whoever says hello, remembers what it received, and lies,
// falls silent or hangs up on request. One client at a time.
//
//   await using server = startScriptedServer()
//   server.say({ type: "state", tick: 2, enter: [], change: [{ id: 5, x: 1 }], leave: [] })   // nobody ever saw 5

import type { Socket } from "bun";

type Message = Record<string, unknown> & { type: string };

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  say(message: Record<string, unknown>): void;
  sayBytes(bytes: string): void;
  /** Messages of that type so far. */
  received(type: string): Message[];
  /** Changes what the welcomes from now on say. */
  nextWelcome(fields: Record<string, unknown>): void;
  /** From now on no resume is known. */
  forgetSessions(): void;
  hangUp(): void;
}

const WELCOME = {
  type: "welcome",
  session_id: 1,
  entity_id: 1,
  zone_id: 1,
  tick: 1,
  tick_rate_hz: 20,
  resume: "token",
  seq: 0,
  class: "Mage",
  spells: [{ id: 200, name: "Fireball", effect: "damage", range_yd: 35 }],
};
const FIRST_STATE = { type: "state", tick: 1, reset: true, enter: [], change: [], leave: [] };

/** `isSilent`: it never answers hello. `refusals`: so many are refused with the code before one is welcomed. */
export function startScriptedServer({ isSilent = false, refusals = 0, code = "" } = {}): ScriptedServer {
  const messages: Message[] = [];
  let welcome: Record<string, unknown> = WELCOME;
  let knowsSessions = true;
  let socket: Socket<undefined> | null = null;
  let rest = "";
  const say = (message: Record<string, unknown>): void => void socket?.write(`${JSON.stringify(message)}\n`);
  const onMessage = (message: Message): void => {
    messages.push(message);
    if (message.type === "bye") socket?.end();
    if (message.type !== "hello" || isSilent) return;
    if (message["resume"] !== undefined && !knowsSessions)
      return say({ type: "error", code: "resume_expired", message: "That session is gone." });
    if (messages.filter(({ type }) => type === "hello").length <= refusals)
      return say({ type: "error", code, message: "Try another or later." });
    say(welcome);
    say(FIRST_STATE);
  };
  const listener = Bun.listen<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(opened) {
        socket = opened;
        rest = "";
      },
      data(_socket, bytes) {
        const lines = (rest + bytes.toString()).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onMessage(JSON.parse(line) as Message);
      },
    },
  });
  return {
    port: listener.port,
    say,
    sayBytes: (bytes) => void socket?.write(bytes),
    received: (type) => messages.filter((message) => message.type === type),
    nextWelcome(fields) {
      welcome = { ...WELCOME, ...fields };
    },
    forgetSessions() {
      knowsSessions = false;
      welcome = WELCOME;
    },
    hangUp: () => void socket?.terminate(),
    async [Symbol.asyncDispose]() {
      listener.stop(true);
    },
  };
}
