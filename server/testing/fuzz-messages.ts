// Messages that a hostile or broken client might send, drawn from a seed: one message at a time, each of a named kind.
//
//   const draw = fuzzSource("game", seededRandom(1))
//   draw()      // { kind: "wrong type", bytes: <{"type":"movement","position":{"x":[],"y":null}}\n> }
//
// Every message ends in a newline, except "truncated", which a connection must send last.

/** The kinds, with the number of each in a thousand messages. */
const SHARES = {
  valid: 120,
  "random bytes": 150,
  "random text": 100,
  "wrong type": 180,
  "missing field": 80,
  "out of range": 80,
  "unknown type": 80,
  mutated: 130,
  nested: 70,
  "long line": 5,
  blank: 5,
} as const;

export type FuzzKind = keyof typeof SHARES | "wrong mark" | "wrong length" | "huge length" | "truncated" | "split";
/** Ports with text lines. */
export type FuzzPort = "game" | "control";
export interface FuzzMessage {
  kind: FuzzKind;
  bytes: Uint8Array;
}

/** Valid messages, from which the broken ones are derived. */
export const SAMPLES: Record<FuzzPort, Record<string, unknown>[]> = {
  game: [
    { type: "movement", session_id: 1, position: { x: 1.5, y: -2, z: 0 } },
    { type: "spell_cast", session_id: 1, action: "CAST_START", spell_id: 200, cast_time_ticks: 30 },
    { type: "spell_cast", session_id: 1, action: "INTERRUPT" },
    {
      type: "combat",
      session_id: 1,
      action: "ATTACK",
      target_session_id: 1_000_001,
      base_damage: 10,
      damage_type: "PHYSICAL",
    },
    { type: "hello", v: 1, name: "Fuzz", zone: 1, resume: "0123456789abcdef" },
    { type: "ping", t: 17 },
    { type: "release" },
    { type: "trade_offer", target_id: 2, give: [{ item: 0, count: 1 }], want: [{ item: 3, count: 2 }] },
    { type: "trade_accept", target_id: 2, offer_id: 1 },
    { type: "trade_cancel", offer_id: 1 },
  ],
  // No request that really breaks or stops the server, or ends faults of other requests.
  control: [
    { command: "list" },
    { command: "status", fault_id: "latency-spike" },
    { command: "deactivate", fault_id: "slow-leak" },
    {
      command: "activate",
      fault_id: "no-such-fault",
      params: { delay_ms: 200 },
      target_zone_id: 0,
      duration_ticks: 10,
    },
  ],
};

const NASTY: unknown[] = [
  null,
  true,
  "",
  "a".repeat(300),
  "\u0000",
  "\ud800",
  [],
  {},
  [[[]]],
  -1,
  0.5,
  1e308,
  -1e308,
  2 ** 53,
  2 ** 32,
  -0,
  "1",
  { toString: 1 },
  { __proto__: null, x: 1 },
  "__proto__",
];

const BRACKETS: [open: string, close: string][] = [
  ["[", "]"],
  ['{"a":', "}"],
];

const newline = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`);

/** An endless source of messages for one port. `random`: uniform in [0, 1). */
export function fuzzSource(port: FuzzPort, random: () => number): () => FuzzMessage {
  return sourceOf(SHARES, makers(port, random), random);
}

/** An endless source of messages, with kinds in proportion to their shares. */
export function sourceOf<Kind extends FuzzKind>(
  shares: Readonly<Record<Kind, number>>,
  make: Readonly<Record<Kind, () => Uint8Array>>,
  random: () => number,
): () => FuzzMessage {
  const kinds = Object.entries(shares) as [Kind, number][];
  const total = kinds.reduce((sum, [, share]) => sum + share, 0);
  return () => {
    let at = random() * total;
    const [kind] = kinds.find(([, share]) => (at -= share) < 0) ?? kinds[0] ?? [];
    if (kind === undefined) throw new RangeError("There is no kind to draw.");
    return { kind, bytes: make[kind]() };
  };
}

/** A valid message for that port, to be cut off or sent byte by byte. */
export function validMessage(port: FuzzPort, random: () => number): Uint8Array {
  return wholeMessage(pick(SAMPLES[port], random));
}

/** One message in its wire form. */
export function wholeMessage(message: object): Uint8Array {
  return newline(JSON.stringify(message));
}

function makers(port: FuzzPort, random: () => number): Record<keyof typeof SHARES, () => Uint8Array> {
  const whole = (max: number): number => Math.floor(random() * max);
  const sample = (): Record<string, unknown> => structuredClone(pick(SAMPLES[port], random));
  const changed = (change: (fields: Record<string, unknown>, key: string) => void): Uint8Array => {
    const fields = sample();
    change(fields, pick(Object.keys(fields), random));
    return newline(JSON.stringify(fields));
  };
  return {
    valid: () => validMessage(port, random),
    "random bytes": () => {
      const bytes = Uint8Array.from({ length: 1 + whole(200) }, () => {
        const byte = whole(256);
        return byte === 0x0a ? 0x0b : byte;
      });
      return Uint8Array.from([...bytes, 0x0a]);
    },
    "random text": () =>
      newline(Array.from({ length: 1 + whole(60) }, () => pick([...'{}[]":,.-+eE019tfnulr\\ '], random)).join("")),
    "wrong type": () => changed((fields, key) => (fields[key] = pick(NASTY, random))),
    "missing field": () => changed((fields, key) => delete fields[key]),
    "out of range": () =>
      changed((fields) => {
        for (const key of Object.keys(fields)) {
          if (typeof fields[key] === "number") fields[key] = (random() - 0.5) * 10 ** whole(300);
          else if (key === "position") fields[key] = { x: 10 ** whole(40), y: -(10 ** whole(40)), z: Number.MAX_VALUE };
        }
      }),
    "unknown type": () => changed((fields) => (fields[port === "game" ? "type" : "command"] = `t${whole(1e9)}`)),
    mutated: () => {
      const bytes = validMessage(port, random);
      for (let changes = 1 + whole(4); changes > 0; changes--) {
        const byte = whole(256);
        bytes[whole(bytes.length - 1)] = byte === 0x0a ? 0 : byte;
      }
      return bytes;
    },
    nested: () => {
      const depth = 1 + whole(port === "game" ? 4_000 : 16_000);
      const [open, close] = pick(BRACKETS, random);
      const inner = open.repeat(depth) + close.repeat(whole(2) * depth);
      return newline(whole(2) === 0 ? inner : `{"type":"movement","position":${inner}}`);
    },
    // Two to sixty times what the game port accepts, up to and above what the control port accepts without a token.
    "long line": () => newline(`{"type":"${"x".repeat(whole(4) === 0 ? 1_000_000 : 32_000 + whole(60_000))}"}`),
    blank: () => newline(pick(["", "\r", " ", "\t"], random)),
  };
}

function pick<T>(values: readonly T[], random: () => number): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError("There is nothing to pick from.");
  return value;
}
