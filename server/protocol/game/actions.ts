// The actions of a player: each action's kind, its opcode in the kernel, its number in the binary encoding, and which fields of the message
// go into the command record. A new action needs a row here, a row in the JSON codec and a function in assembly/players/commands.ts; the
// binary codec has a row only for an action with fields.
//
//   ACTIONS.cast.op                          // OP_CAST
//   ACTIONS.cast.fill?.(command, message)    // command.a = target, command.b = spell, command.c = cast time in ticks

import * as abi from "../../../assembly/abi.ts";
import {
  CLIENT_ATTACK,
  CLIENT_CANCEL_CAST,
  CLIENT_CAST,
  CLIENT_MOVE,
  CLIENT_RECLAIM,
  CLIENT_RELEASE,
  CLIENT_RELEASE_AS_GHOST,
  CLIENT_STOP_ATTACK,
  CLIENT_TRADE_ACCEPT,
  CLIENT_TRADE_CANCEL,
  CLIENT_TRADE_OFFER,
} from "./binary-wire.ts";

/** The words of a command record that an action fills; b, c, d and x, y, z are the same three words, as integers or as yards. */
export interface ActionWords {
  flags: number;
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  x: number;
  y: number;
  z: number;
}

/** The fields of a client's message (client-messages.ts) that actions use. */
export interface ActionFields {
  /** Yards. */
  x: number;
  y: number;
  z: number;
  /** Entity id; 0: none. */
  target: number;
  spell: number;
  castTicks: number;
  baseDamage: number;
  magical: boolean;
  /** Number of a trade's offer. */
  offer: number;
  /** Two stacks that are given, two that are wanted: item << 24 | count, 0: none. */
  stacks: Stacks;
}

export type Stacks = readonly [give: number, give2: number, want: number, want2: number];

interface Action {
  readonly op: number;
  /** Number of the kind in the binary encoding (binary-wire.ts). */
  readonly wire: number;
  fill?(command: ActionWords, message: ActionFields): void;
}

export const ACTIONS = {
  move: {
    op: abi.OP_MOVE,
    wire: CLIENT_MOVE,
    fill(command, { x, y, z }) {
      command.x = x;
      command.y = y;
      command.z = z;
    },
  },
  cast: {
    op: abi.OP_CAST,
    wire: CLIENT_CAST,
    fill(command, { target, spell, castTicks }) {
      command.a = target;
      command.b = spell;
      command.c = castTicks;
    },
  },
  cancel_cast: { op: abi.OP_CANCEL_CAST, wire: CLIENT_CANCEL_CAST },
  attack: {
    op: abi.OP_ATTACK,
    wire: CLIENT_ATTACK,
    fill(command, { target, baseDamage, magical }) {
      command.a = target;
      command.b = baseDamage;
      command.c = magical ? abi.DAMAGE_MAGICAL : abi.DAMAGE_PHYSICAL;
    },
  },
  stop_attack: { op: abi.OP_STOP_ATTACK, wire: CLIENT_STOP_ATTACK },
  release: { op: abi.OP_RELEASE, wire: CLIENT_RELEASE },
  release_as_ghost: {
    op: abi.OP_RELEASE,
    wire: CLIENT_RELEASE_AS_GHOST,
    fill(command) {
      command.flags = abi.RELEASE_AS_GHOST;
    },
  },
  reclaim: { op: abi.OP_RECLAIM, wire: CLIENT_RECLAIM },
  trade_offer: {
    op: abi.OP_TRADE_OFFER,
    wire: CLIENT_TRADE_OFFER,
    fill(command, { target, stacks }) {
      command.a = target;
      [command.b, command.c, command.d, command.e] = stacks;
    },
  },
  trade_accept: { op: abi.OP_TRADE_ACCEPT, wire: CLIENT_TRADE_ACCEPT, fill: fillAnswer },
  trade_cancel: { op: abi.OP_TRADE_CANCEL, wire: CLIENT_TRADE_CANCEL, fill: fillAnswer },
} as const satisfies Record<string, Action>;

function fillAnswer(command: ActionWords, { target, offer }: ActionFields): void {
  command.a = target;
  command.b = offer;
}

export type ActionKind = keyof typeof ACTIONS;

export const ACTION_ROWS: readonly [kind: ActionKind, action: Action][] = Object.entries(ACTIONS) as [
  ActionKind,
  Action,
][];

/** The row of a message kind that is an action; undefined for other kinds. */
export function actionOf(kind: string): Action | undefined {
  return Object.hasOwn(ACTIONS, kind) ? ACTIONS[kind as ActionKind] : undefined;
}
