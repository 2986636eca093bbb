// The kernel's note of what it is doing (assembly/state/breadcrumb.ts), in the words of telemetry and for people.
//
//   { phase: "commands", op: 97, session: 7, entity: 0, spell: 0 }      "commands, op 97, session 7"

import * as abi from "../../assembly/abi.ts";
import type { TrapNote } from "./zone-messages.ts";

/** Like the note of a trap, without the command's place in its batch. */
export type KernelNote = Omit<TrapNote, "commandIndex">;

const PHASES: Record<number, string> = {
  [abi.PHASE_IDLE]: "idle",
  [abi.PHASE_COMMANDS]: "commands",
  [abi.PHASE_MOVEMENT]: "movement",
  [abi.PHASE_INTERRUPTS]: "interrupts",
  [abi.PHASE_CASTS]: "casts",
  [abi.PHASE_AURAS]: "auras",
  [abi.PHASE_CAST_STARTS]: "cast_starts",
  [abi.PHASE_SWINGS]: "swings",
  [abi.PHASE_CREATURES]: "creatures",
  [abi.PHASE_DEATHS]: "deaths",
  [abi.PHASE_REGENERATION]: "regeneration",
  [abi.PHASE_VISIBILITY]: "visibility",
  [abi.PHASE_HASH]: "hash",
  [abi.PHASE_TRADES]: "trades",
};

/** The name of a PHASE_* of abi.ts. */
export function phaseInWords(phase: number): string {
  return PHASES[phase] ?? `phase ${phase}`;
}

/** The note as fields of a telemetry line. */
export function noteFields({ phase, op, session, entity, spell }: KernelNote): Record<string, unknown> {
  return { phase, op, session_id: session, entity, spell };
}

export function noteInWords({ phase, op, session, entity, spell }: KernelNote): string {
  const named = [op === null ? "" : `op ${op}`, ...Object.entries({ session, entity, spell }).map(wordOf)];
  return [phase, ...named.filter((word) => word !== "")].join(", ");
}

/** One field in words, such as "session 7"; "" for 0, which means none. */
function wordOf([name, value]: [string, number]): string {
  return value === 0 ? "" : `${name} ${value}`;
}
