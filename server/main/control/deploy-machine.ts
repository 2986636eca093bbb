// The state machine of a zone's module, as one table: the stage of the zone, the message it gets, and what follows. It
// is pure: no clock, no socket, no worker. deploy.ts carries out the effects; deploy-promotion.ts decides for all zones
// together.
//
//   step(zone, { type: "swap", hash: "9f3c…", leaseMs: 30_000 }, 7)
//   // { zone: { ..., stage: { name: "swapping", move: 7, ... } }, effects: [{ do: "ask", verb: "swap", move: 7, ... }] }
//
// Every request to a zone and every timer carries its move number. When the stage waits for another number, the answer
// is late and changes nothing; the zone itself reports what it runs, with "module" and "rolled_back". Two rules hold in
// every row. A module on trial has a lease, or the roll-back is requested until the zone answers or its worker is gone.
// And a zone is never reported as steady while a swap may still happen there.

export type Purpose = "canary" | "promotion" | "return";

export type Stage =
  | { readonly name: "steady" }
  /** The zone was asked to load a module. */
  | { readonly name: "swapping"; move: number; hash: string; purpose: Purpose; reason: string; leaseMs: number }
  /** The zone runs the module on trial; the move number is that of its lease. */
  | { readonly name: "canary"; move: number; hash: string; before: string }
  /** The zone runs the module on trial and waits for the other zones of the promotion. */
  | { readonly name: "joined"; hash: string; before: string }
  /** The zone was asked to keep the module for good. */
  | { readonly name: "keeping"; move: number; hash: string; purpose: Purpose; reason: string; before: string }
  /** The zone was asked to roll the module back. */
  | { readonly name: "undoing"; move: number; hash: string; reason: string; ran: boolean };

export interface ZoneDeploy {
  /** The hash of the running module, as the zone last reported. */
  readonly runs: string;
  /** The last module the zone ran that was not on trial: it runs this one again when its worker dies. */
  readonly promoted: string;
  /** The module that the promotion replaced; a roll-back returns to it. */
  readonly previous: string | null;
  readonly lastError: string | null;
  readonly stage: Stage;
}

export type Message =
  /** An order from an operator, or from the promotion. */
  | { type: "swap"; hash: string; leaseMs: number }
  | { type: "join"; hash: string }
  | { type: "keep"; reason: string }
  | { type: "abandon"; reason: string }
  | { type: "back"; reason: string }
  /**
   * The result of a request. "silent": no answer came in time; "withdrawn": no answer came, and the request will not
   * run any more.
   */
  | { type: "done"; move: number }
  | { type: "refused"; move: number; error: string }
  | { type: "silent"; move: number; error: string; isWithdrawn: boolean }
  | { type: "died"; move: number; error: string }
  /** What the zone reports by itself. */
  | { type: "module"; hash: string; isTrial: boolean }
  | { type: "rolled_back"; from: string; to: string; reason: string }
  | { type: "down"; reason: string }
  | { type: "up" }
  /** A timer has expired. */
  | { type: "time"; move: number };

export type Effect =
  | { do: "ask"; verb: "swap" | "return" | "undo" | "keep"; move: number; hash: string }
  /** If the swap of that move has not happened yet, it must not happen. */
  | { do: "withdraw"; move: number }
  | { do: "timer"; move: number; ms: number }
  | { do: "stop_timer" }
  /** `isTold`: the zone itself has reported it in telemetry. */
  | {
      do: "tell";
      what: "swapped" | "promoted" | "rolled_back" | "refused";
      from: string;
      to: string;
      reason: string;
      isTold: boolean;
    };

export interface Outcome {
  zone: ZoneDeploy;
  effects: Effect[];
  /** Why an order is refused. */
  refusal?: "busy" | "nothing_to_roll_back";
}

/** The reason recorded when an operator asks for a roll-back. */
export const ASKED_FOR = "asked for";
/** The reason recorded of a promotion for which nobody gives one. */
export const PASSED = "canary passed";
/** The time until a zone that refused to roll back or to keep a module is asked again. */
export const RETRY_MS = 1_000;

type Of<Type extends Message["type"]> = Extract<Message, { type: Type }>;
type In<Name extends Stage["name"]> = ZoneDeploy & { readonly stage: Extract<Stage, { name: Name }> };
type Row<Name extends Stage["name"]> = {
  readonly [Type in Message["type"]]: (zone: In<Name>, message: Of<Type>, move: number) => Outcome;
};

export const freshZone = (hash: string): ZoneDeploy => ({
  runs: hash,
  promoted: hash,
  previous: null,
  lastError: null,
  stage: { name: "steady" },
});

/** What follows from a message. `move` is a number that no earlier move had; a move that starts here gets it. */
export function step(zone: ZoneDeploy, message: Message, move: number): Outcome {
  const row = TABLE[zone.stage.name] as Record<Message["type"], (...given: [ZoneDeploy, Message, number]) => Outcome>;
  return row[message.type](zone, message, move);
}

const stay = (zone: ZoneDeploy): Outcome => ({ zone, effects: [] });
const busy = (zone: ZoneDeploy): Outcome => ({ zone, effects: [], refusal: "busy" });

function steady(zone: ZoneDeploy, change: Partial<ZoneDeploy>, ...effects: Effect[]): Outcome {
  return { zone: { ...zone, ...change, stage: { name: "steady" } }, effects };
}

type Swapping = Omit<Extract<Stage, { name: "swapping" }>, "name">;

function begin(zone: ZoneDeploy, swapping: Swapping): Outcome {
  const { move, hash, purpose } = swapping;
  const stage: Stage = { name: "swapping", ...swapping };
  const verb = purpose === "return" ? "return" : "swap";
  return { zone: { ...zone, lastError: null, stage }, effects: [{ do: "ask", verb, move, hash }] };
}

/** Requests the roll-back of a module, whatever its state in the zone. */
function undo(zone: ZoneDeploy, hash: string, reason: string, move: number, ...first: Effect[]): Outcome {
  const stage: Stage = { name: "undoing", move, hash, reason, ran: zone.runs === hash };
  return { zone: { ...zone, stage }, effects: [...first, { do: "ask", verb: "undo", move, hash }] };
}

type Keeping = Omit<Extract<Stage, { name: "keeping" }>, "name">;

function keep(zone: ZoneDeploy, keeping: Keeping): Outcome {
  const { move, hash } = keeping;
  const stage: Stage = { name: "keeping", ...keeping };
  return { zone: { ...zone, stage }, effects: [{ do: "ask", verb: "keep", move, hash }] };
}

/** Sends the same request again with a new move number. */
function askAgain(zone: In<"keeping"> | In<"undoing">, move: number): Outcome {
  const { stage } = zone;
  const verb = stage.name === "keeping" ? "keep" : "undo";
  return { zone: { ...zone, stage: { ...stage, move } }, effects: [{ do: "ask", verb, move, hash: stage.hash }] };
}

function askLater(zone: In<"keeping"> | In<"undoing">, error: string, move: number): Outcome {
  const timer: Effect = { do: "timer", move, ms: RETRY_MS };
  return { zone: { ...zone, lastError: error, stage: { ...zone.stage, move } }, effects: [timer] };
}

const noted = <Zone extends ZoneDeploy>(zone: Zone, { hash, isTrial }: Of<"module">): Zone => ({
  ...zone,
  runs: hash,
  promoted: isTrial ? zone.promoted : hash,
});

const tell = (
  what: Extract<Effect, { do: "tell" }>["what"],
  from: string,
  to: string,
  reason: string,
  isTold = false,
): Effect => ({ do: "tell", what, from, to, reason, isTold });

/** A module was removed: by the zone's recovery ladder, or because its worker ended. */
function goneBack(zone: ZoneDeploy, { from, to, reason }: Of<"rolled_back">, ...effects: Effect[]): Outcome {
  const change = { runs: to, promoted: to, lastError: `rolled back by the zone: ${reason}` };
  return steady(zone, change, ...effects, tell("rolled_back", from, to, reason, true));
}

/** A move failed; the zone runs the same module as before. */
function failed(zone: ZoneDeploy, hash: string, error: string): Outcome {
  return steady(zone, { lastError: error }, tell("refused", zone.promoted, hash, error));
}

/** The worker is gone, and the module on trial with it. */
const lost = (zone: ZoneDeploy, hash: string, error: string): Outcome =>
  failed({ ...zone, runs: zone.promoted }, hash, error);

/** The zone reported that it kept the module; a roll-back returns to the module it replaced. */
function kept({ stage, ...zone }: In<"keeping">): Outcome {
  const { hash, purpose, reason, before } = stage;
  const isReturn = purpose === "return";
  const previous = isReturn ? null : before === hash ? zone.previous : before;
  const lastError = isReturn && reason !== ASKED_FOR ? reason : null;
  const what = isReturn ? "rolled_back" : "promoted";
  return steady({ ...zone, stage }, { previous, lastError }, tell(what, before, hash, reason));
}

/** These messages change something only in their own stages: elsewhere nothing was requested, or the move number differs. */
const LATE = { done: stay, refused: stay, silent: stay, died: stay, time: stay, up: stay } as const;

const STEADY: Row<"steady"> = {
  ...LATE,
  swap: (zone, { hash, leaseMs }, move) => begin(zone, { move, hash, purpose: "canary", reason: "canary", leaseMs }),
  join: (zone, { hash }, move) =>
    zone.promoted === hash
      ? { zone: { ...zone, lastError: null, stage: { name: "joined", hash, before: hash } }, effects: [] }
      : begin(zone, { move, hash, purpose: "promotion", reason: "promotion", leaseMs: 0 }),
  keep: stay,
  abandon: stay,
  back: (zone, { reason }, move) =>
    zone.previous === null
      ? { zone, effects: [], refusal: "nothing_to_roll_back" }
      : begin(zone, { move, hash: zone.previous, purpose: "return", reason, leaseMs: 0 }),
  // The module is on trial without a lease, so it is rolled back.
  module: (zone, said, move) =>
    said.isTrial ? undo(noted(zone, said), said.hash, "nobody asked for it", move) : stay(noted(zone, said)),
  rolled_back: (zone, message) => goneBack(zone, message),
  down: stay,
};

const SWAPPING: Row<"swapping"> = {
  ...LATE,
  swap: busy,
  join: busy,
  keep: stay,
  abandon: (zone, { reason }, move) =>
    undo(zone, zone.stage.hash, reason, move, { do: "withdraw", move: zone.stage.move }),
  back: (zone, { reason }, move) =>
    zone.stage.purpose === "canary"
      ? undo(zone, zone.stage.hash, reason, move, { do: "withdraw", move: zone.stage.move })
      : busy(zone),
  done: (zone, message, move) => {
    const { stage, promoted: before } = zone;
    if (message.move !== stage.move) return stay(zone);
    const { hash, purpose, reason, leaseMs } = stage;
    const now = { ...zone, runs: hash };
    if (purpose === "return") return keep(now, { move, hash, purpose, reason, before });
    const swapped = tell("swapped", before, hash, purpose);
    if (purpose === "promotion")
      return { zone: { ...now, stage: { name: "joined", hash, before } }, effects: [swapped] };
    const timer: Effect = { do: "timer", move, ms: leaseMs };
    return { zone: { ...now, stage: { name: "canary", move, hash, before } }, effects: [swapped, timer] };
  },
  refused: (zone, { move, error }) => (move === zone.stage.move ? failed(zone, zone.stage.hash, error) : stay(zone)),
  silent: (zone, { move: asked, error, isWithdrawn }, move) => {
    const { stage } = zone;
    if (asked !== stage.move) return stay(zone);
    return isWithdrawn
      ? failed(zone, stage.hash, `${error} Nothing was swapped.`)
      : undo({ ...zone, lastError: error }, stage.hash, error, move);
  },
  died: (zone, { move, error }) => (move === zone.stage.move ? lost(zone, zone.stage.hash, error) : stay(zone)),
  module: (zone, said) => stay(noted(zone, said)),
  // This arrives before the answer to the swap; that answer is then late.
  rolled_back: (zone, message) => (message.from === zone.stage.hash ? goneBack(zone, message) : stay(zone)),
  // The zone refuses the swap, or has reported its roll-back.
  down: stay,
};

const CANARY: Row<"canary"> = {
  ...LATE,
  swap: busy,
  join: (zone, { hash }) => {
    const { before } = zone.stage;
    if (hash !== zone.stage.hash) return busy(zone);
    return {
      zone: { ...zone, lastError: null, stage: { name: "joined", hash, before } },
      effects: [{ do: "stop_timer" }],
    };
  },
  keep: stay,
  abandon: stay,
  back: (zone, { reason }, move) => undo(zone, zone.stage.hash, reason, move, { do: "stop_timer" }),
  module: (zone, said) =>
    said.isTrial && said.hash === zone.stage.hash
      ? stay(noted(zone, said))
      : steady(noted(zone, said), { lastError: `the zone runs ${said.hash} now` }, { do: "stop_timer" }),
  rolled_back: (zone, message) => goneBack(zone, message, { do: "stop_timer" }),
  down: (zone, { reason }, move) =>
    undo(zone, zone.stage.hash, `the zone went DOWN: ${reason}`, move, { do: "stop_timer" }),
  time: (zone, message, move) =>
    message.move === zone.stage.move ? undo(zone, zone.stage.hash, "lease ended without promotion", move) : stay(zone),
};

const JOINED: Row<"joined"> = {
  ...LATE,
  swap: busy,
  join: busy,
  back: busy,
  keep: (zone, { reason }, move) => {
    const { hash, before } = zone.stage;
    return keep(zone, { move, hash, purpose: "promotion", reason, before });
  },
  abandon: (zone, { reason }, move) =>
    zone.promoted === zone.stage.hash
      ? steady(zone, { lastError: reason })
      : undo({ ...zone, lastError: reason }, zone.stage.hash, reason, move),
  module: (zone, said) =>
    said.hash === zone.stage.hash
      ? stay(noted(zone, said))
      : steady(noted(zone, said), { lastError: `the zone runs ${said.hash} now` }),
  rolled_back: (zone, message) => goneBack(zone, message),
  down: (zone, { reason }, move) => {
    const error = `the zone went DOWN: ${reason}`;
    return zone.promoted === zone.stage.hash
      ? steady(zone, { lastError: error })
      : undo({ ...zone, lastError: error }, zone.stage.hash, error, move);
  },
};

const KEEPING: Row<"keeping"> = {
  ...LATE,
  swap: busy,
  join: busy,
  back: busy,
  keep: stay,
  abandon: stay,
  done: (zone, { move }) => {
    const { hash } = zone.stage;
    if (move !== zone.stage.move) return stay(zone);
    return zone.promoted === hash ? kept(zone) : failed(zone, hash, zone.lastError ?? `the zone runs ${zone.runs}`);
  },
  refused: (zone, { move: asked, error }, move) =>
    asked === zone.stage.move ? askLater(zone, error, move) : stay(zone),
  silent: (zone, { move: asked, error }, move) =>
    asked === zone.stage.move ? askAgain({ ...zone, lastError: error }, move) : stay(zone),
  died: (zone, { move, error }) => {
    if (move !== zone.stage.move) return stay(zone);
    return zone.promoted === zone.stage.hash ? kept(zone) : lost(zone, zone.stage.hash, error);
  },
  module: (zone, said) => stay(noted(zone, said)),
  rolled_back: (zone, message) => goneBack(zone, message),
  down: stay,
  time: (zone, message, move) => (message.move === zone.stage.move ? askAgain(zone, move) : stay(zone)),
};

const UNDOING: Row<"undoing"> = {
  ...LATE,
  swap: busy,
  join: busy,
  keep: stay,
  abandon: stay,
  // A roll-back is already under way.
  back: stay,
  done: (zone, { move }) => {
    const { stage, lastError, runs } = zone;
    if (move !== stage.move) return stay(zone);
    if (runs === stage.hash) return steady(zone, { lastError: `${stage.hash} was promoted already` });
    const back = tell("rolled_back", stage.hash, runs, stage.reason);
    const refused = tell("refused", runs, stage.hash, stage.reason);
    return steady(zone, { lastError: stage.ran ? lastError : stage.reason }, stage.ran ? back : refused);
  },
  refused: (zone, { move: asked, error }, move) =>
    asked === zone.stage.move ? askLater(zone, `could not be rolled back: ${error}`, move) : stay(zone),
  silent: (zone, { move: asked, error }, move) =>
    asked === zone.stage.move ? askAgain({ ...zone, lastError: error }, move) : stay(zone),
  died: (zone, { move, error }) => (move === zone.stage.move ? lost(zone, zone.stage.hash, error) : stay(zone)),
  module: (zone, said) => {
    const { stage } = zone;
    const ran = stage.ran || said.hash === stage.hash;
    return stay({ ...noted(zone, said), stage: { ...stage, ran } });
  },
  rolled_back: (zone, message) =>
    message.from === zone.stage.hash ? goneBack(zone, message, { do: "stop_timer" }) : stay(zone),
  down: stay,
  time: (zone, message, move) => (message.move === zone.stage.move ? askAgain(zone, move) : stay(zone)),
};

const TABLE: { readonly [Name in Stage["name"]]: Row<Name> } = {
  steady: STEADY,
  swapping: SWAPPING,
  canary: CANARY,
  joined: JOINED,
  keeping: KEEPING,
  undoing: UNDOING,
};
