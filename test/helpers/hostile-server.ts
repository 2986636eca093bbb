// A server on all four ports that means harm to whoever looks at it: every text it says is one that speaks to a terminal, in
// JSON escapes and as raw bytes, and its numbers are none.
//
//   using server = startHostileServer()
//   server.flags              // ["--port", "40123", "--control-port", ...]

import type { Socket, TCPSocketListener, udp } from "bun";

/** Clears the screen, sets the title, colours what follows, writes from right to left, hides, rings; C0 and C1. */
export const HOSTILE = "\x1b[2J\x1b]0;pwned\x07\x9b31mDOWN\u202e\u200b\u0007\x1b[31m\r\nhealthy\x00";
/** What no command's output may contain, but for the newlines that end its own lines. */
// eslint-disable-next-line no-control-regex
export const SPEAKS_TO_TERMINALS = /[^\P{C}\n]|[\u2028\u2029]/u;

export interface HostileServer extends AsyncDisposable {
  readonly ports: { game: number; control: number; http: number; telemetry: number };
  flags(...names: ("port" | "control-port" | "http-port" | "telemetry-port")[]): string[];
  /** How often each port was spoken to. */
  readonly asked: Record<"game" | "control" | "http" | "telemetry", number>;
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
/** As JSON, with the hostile bytes raw wherever JSON lets them be. */
const raw = (value: unknown): string => line(value).replaceAll("\\u009b", "\x9b");

const FAULT = {
  id: HOSTILE,
  mode: HOSTILE,
  title: HOSTILE,
  family: HOSTILE,
  active: true,
  activations: 1,
  ticks_elapsed: 1,
  ticks_left: 100,
  eligible: 1,
  affected: 1,
  targets: [1],
  config: { [HOSTILE]: HOSTILE },
};

export function telemetryLines(atMs: number): string[] {
  const timestamp = new Date(atMs).toISOString();
  const of = (type: string, component: string, message: string, data: object): string =>
    raw({ v: 1, timestamp, type, component, message, data });
  const zone = { zone_id: 1, zone_name: HOSTILE, tick: 5 };
  return [
    of("metric", "zone", "Zone tick completed", {
      ...zone,
      duration_ms: 5,
      state: HOSTILE,
      kernel: HOSTILE,
      overrun: false,
    }),
    of("metric", "game_loop", "Tick completed", { tick: 5, duration_ms: 5, overrun: false }),
    of("error", "zone", "Zone tick exception", { ...zone, error: HOSTILE, phase: HOSTILE }),
    of("event", "zone", "Zone state changed", { ...zone, from_state: HOSTILE, to_state: HOSTILE, reason: HOSTILE }),
    of("event", "session", "State transition", {
      session_id: 1,
      from_state: HOSTILE,
      to_state: HOSTILE,
      event: HOSTILE,
    }),
    of("event", "deploy", "Module swapped", { zone_id: 1, from_hash: HOSTILE, to_hash: HOSTILE, reason: HOSTILE }),
    of("error", HOSTILE, HOSTILE, { [HOSTILE]: HOSTILE }),
    of(HOSTILE, HOSTILE, HOSTILE, { error: HOSTILE }),
  ];
}

function listen(onData: (socket: Socket<undefined>, text: string) => void): TCPSocketListener<undefined> {
  return Bun.listen<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket, bytes) => onData(socket, bytes.toString("utf8")), error() {} },
  });
}

export function startHostileServer(): HostileServer {
  const asked = { game: 0, control: 0, http: 0, telemetry: 0 };
  const control = listen((socket, text) => {
    for (const request of text.split("\n").filter((part) => part !== "")) {
      asked.control++;
      const { command = "" } = JSON.parse(request) as { command?: string };
      const isRefused = command === "activate" || command.startsWith("deploy");
      if (isRefused) socket.write(raw({ success: false, error: HOSTILE, code: HOSTILE }));
      else
        socket.write(
          raw({ success: true, command: HOSTILE, faults: [FAULT], status: FAULT, halted: HOSTILE, zones: [] }),
        );
    }
  });
  const game = listen((socket) => {
    asked.game++;
    socket.write(raw({ type: "error", code: HOSTILE, message: HOSTILE }));
    socket.write(`${HOSTILE.replaceAll("\n", "")}\n`);
  });
  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => {
      asked.http++;
      if (!url.endsWith("/metrics")) return new Response(raw({ ready: false, reasons: [HOSTILE], status: HOSTILE }));
      const label = HOSTILE.replaceAll("\n", "\\n");
      return new Response(
        `wowsim_zone_info{zone="1",name="${label}"} 1\nwowsim_zone_state{zone="1",state="${label}"} 1\n`,
      );
    },
  });
  let feed: udp.Socket<"buffer"> | undefined;
  const started = Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, datagram, port, address) {
        asked.telemetry++;
        const isKnown = datagram.toString().includes("challenge");
        if (!isKnown) return void socket.send(raw({ challenge: HOSTILE }), port, address);
        for (const text of telemetryLines(Date.now())) socket.send(text, port, address);
      },
      error() {},
    },
  });
  void started.then((socket) => (feed = socket));
  const ports = { game: game.port, control: control.port, http: http.port ?? 0, telemetry: 0 };
  const byFlag = {
    port: "game",
    "control-port": "control",
    "http-port": "http",
    "telemetry-port": "telemetry",
  } as const;
  return {
    ports,
    asked,
    flags: (...names) =>
      names.flatMap((name) => [`--${name}`, String(name === "telemetry-port" ? feed?.port : ports[byFlag[name]])]),
    async [Symbol.asyncDispose]() {
      control.stop(true);
      game.stop(true);
      (await started).close();
      await http.stop(true);
    },
  };
}
