// The addresses that the host of a zone reads and writes in the zone's memory. They come from the kernel's layout, where each
// is looked up once by name.

import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";

const NAMES = {
  stateBase: "STATE_BASE",
  stateEnd: "STATE_END",
  hashLo: "HEADER_HASH_LO",
  hashHi: "HEADER_HASH_HI",
  tick: "HEADER_TICK",
  commandCount: "HEADER_COMMAND_COUNT",
  frameBytes: "HEADER_FRAME_BYTES",
  eventCount: "HEADER_EVENT_COUNT",
  playersHigh: "HEADER_PLAYERS_HIGH",
  creaturesHigh: "HEADER_CREATURES_HIGH",
  breadcrumbPhase: "BREADCRUMB_PHASE",
  breadcrumbCommand: "BREADCRUMB_COMMAND",
  breadcrumbSession: "BREADCRUMB_SESSION",
  breadcrumbEntity: "BREADCRUMB_ENTITY",
  breadcrumbSpell: "BREADCRUMB_SPELL",
  counters: "COUNTER_BASE",
  overloadStep: "OVERLOAD_STEP",
  overloadLevel: "OVERLOAD_LEVEL",
  overloadRate: "OVERLOAD_RATE",
  commands: "COMMAND_BASE",
  commandsMax: "COMMANDS_MAX",
  frames: "FRAME_BASE",
  frameBytesMax: "FRAME_BYTES_MAX",
  events: "EVENT_BASE",
  eventsMax: "EVENTS_MAX",
  playersMax: "PLAYERS_MAX",
  creaturesMax: "CREATURES_MAX",
  rowsMax: "ROWS_MAX",
  entityId: "ENTITY_ID",
  entityX: "ENTITY_X",
  entityY: "ENTITY_Y",
  entityZ: "ENTITY_Z",
  entityHealth: "ENTITY_HEALTH",
  entityMaxHealth: "ENTITY_MAX_HEALTH",
  entityLevel: "ENTITY_LEVEL",
  entityFlags: "ENTITY_FLAGS",
  entityTarget: "ENTITY_TARGET",
  entityKind: "ENTITY_KIND",
  playerAck: "PLAYER_ACK",
  playerFlags: "PLAYER_FLAGS",
  creatureState: "CREATURE_STATE",
  creatureThreatCount: "CREATURE_THREAT_COUNT",
  threatValue: "THREAT_VALUE",
  threatRow: "THREAT_ROW",
  threatMax: "THREAT_MAX",
  stacks: "STACK_BASE",
  ledgerCreated: "LEDGER_CREATED",
  ledgerDestroyed: "LEDGER_DESTROYED",
  ledgerArrived: "LEDGER_ARRIVED",
  ledgerDeparted: "LEDGER_DEPARTED",
  mapBase: "MAP_BASE",
  mapSlots: "MAP_SLOTS",
  departureCount: "DEPARTURE_COUNT",
  departures: "DEPARTURE_BASE",
  departuresMax: "DEPARTURES_MAX",
} as const;

/** Absolute byte addresses, strides in bytes, and capacities in elements. */
export type Addresses = { readonly [Key in keyof typeof NAMES]: number };

/** The state hash in a kernel's memory, as of its last tick. */
export function hashIn(view: DataView, at: Addresses): bigint {
  return (BigInt(view.getUint32(at.hashHi, true)) << 32n) | BigInt(view.getUint32(at.hashLo, true));
}

/** Throws WowsimError("layout_missing") when the build does not export one of the names. */
export function addressesOf(layout: KernelLayout): Addresses {
  const entries = Object.entries(NAMES).map(([key, name]) => [key, layout.value(name)]);
  return Object.fromEntries(entries) as Addresses;
}
