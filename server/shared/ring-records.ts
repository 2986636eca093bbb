// The records in the rings between the main thread and a zone worker. The same forms are meant for a message bus one day.
//
//   command   zone u32 | command record (assembly/abi.ts, 32 bytes), or several of them
//   report    REPORT u32 | zone | tick | state | overrun | missed | queue | dropped | recoveries | lost |
//             duration f64 | kernel f64 | fuel f64 | hash u64 | level f64 | rate f64 | load f64 | counters u32[COUNTERS]
//   frames    FRAMES u32 | zone | kernel frames, whole ones, up to FRAMES_BYTES_MAX
//   end       END u32 | zone                              all of this tick's frames have been given
//   departed  DEPARTED u32 | zone | session | to zone | x f32 | y | z | words u32[TRANSFER_WORDS]      left through a portal
//   entered   ENTERED u32 | zone | session | ticket | outcome | REFUSED_*      what became of a JOIN or an ARRIVE
//   census    CENSUS u32 | zone | tick | ticket | entity ids u32...     once a second; all tickets up to this are dealt with

import { COUNTERS, TRANSFER_WORDS } from "../../assembly/abi.ts";
import { ZONE_STATES } from "./zone-messages.ts";
import type { TickReport } from "./zone-messages.ts";

export const REPORT = 1;
export const FRAMES = 2;
export const END = 3;
export const CENSUS = 4;
export const DEPARTED = 5;
export const ENTERED = 6;

/** What became of somebody who was to be let into a zone. */
export const IS_THERE = 1;
export const REFUSED = 2;
/** The kernel traps on the command. */
export const QUARANTINED = 3;
/** Was there, and after a rollback is not. */
export const UNDONE = 4;

export interface Entered {
  zoneId: number;
  session: number;
  /** Of the JOIN or ARRIVE. */
  ticket: number;
  outcome: number;
  /** REFUSED_* of assembly/abi.ts, 0 when the kernel did not say. */
  reason: number;
}

/** Who is in a zone, at the end of a tick. */
export interface ZoneCensus {
  zoneId: number;
  tick: number;
  /** All commands with a ticket up to this are dealt with; later ones may not be. */
  ticket: number;
  ids: ReadonlySet<number>;
}

/** One command; a player's arrival is several in one record, so that they come into one batch. */
export const COMMAND_MESSAGE_BYTES = 36;
export const DEPARTED_BYTES = 28 + TRANSFER_WORDS * 4;
export const ENTERED_BYTES = 24;
export const CENSUS_HEADER_BYTES = 16;
const REPORT_COUNTERS = 96;
export const REPORT_BYTES = REPORT_COUNTERS + COUNTERS * 4;
/** Frames are handed over in records of this size, so that the ring needs no room for all at once. */
export const FRAMES_BYTES_MAX = 65_536;

export function writeReport(view: DataView, offset: number, report: TickReport): void {
  view.setUint32(offset, REPORT, true);
  view.setUint32(offset + 4, report.zoneId, true);
  view.setUint32(offset + 8, report.tick, true);
  view.setUint32(offset + 12, ZONE_STATES.indexOf(report.state), true);
  view.setUint32(offset + 16, report.overrun ? 1 : 0, true);
  view.setUint32(offset + 20, report.missedTicks, true);
  view.setUint32(offset + 24, report.queueDepth, true);
  view.setUint32(offset + 28, report.commandsDropped, true);
  view.setUint32(offset + 32, report.recoveries, true);
  view.setUint32(offset + 36, report.framesLost, true);
  view.setFloat64(offset + 40, report.durationMs, true);
  view.setFloat64(offset + 48, report.kernelMs, true);
  view.setFloat64(offset + 56, report.fuelUsed, true);
  view.setBigUint64(offset + 64, report.hash, true);
  view.setFloat64(offset + 72, report.overloadLevel, true);
  view.setFloat64(offset + 80, report.gameTimeRate, true);
  view.setFloat64(offset + 88, report.load, true);
  for (let i = 0; i < COUNTERS; i++) view.setUint32(offset + REPORT_COUNTERS + i * 4, report.counters[i] ?? 0, true);
}

/** Fills `report`, which is reused from tick to tick. */
export function readReport(view: DataView, offset: number, report: TickReport): void {
  report.zoneId = view.getUint32(offset + 4, true);
  report.tick = view.getUint32(offset + 8, true);
  report.state = ZONE_STATES[view.getUint32(offset + 12, true)] ?? "DOWN";
  report.overrun = view.getUint32(offset + 16, true) === 1;
  report.missedTicks = view.getUint32(offset + 20, true);
  report.queueDepth = view.getUint32(offset + 24, true);
  report.commandsDropped = view.getUint32(offset + 28, true);
  report.recoveries = view.getUint32(offset + 32, true);
  report.framesLost = view.getUint32(offset + 36, true);
  report.durationMs = view.getFloat64(offset + 40, true);
  report.kernelMs = view.getFloat64(offset + 48, true);
  report.fuelUsed = view.getFloat64(offset + 56, true);
  report.hash = view.getBigUint64(offset + 64, true);
  report.overloadLevel = view.getFloat64(offset + 72, true);
  report.gameTimeRate = view.getFloat64(offset + 80, true);
  report.load = view.getFloat64(offset + 88, true);
  for (let i = 0; i < COUNTERS; i++) report.counters[i] = view.getUint32(offset + REPORT_COUNTERS + i * 4, true);
}

/** A report to be filled again and again. */
export function emptyReport(zoneId: number): TickReport {
  return {
    zoneId,
    tick: 0,
    state: "ACTIVE",
    durationMs: 0,
    kernelMs: 0,
    fuelUsed: 0,
    overrun: false,
    missedTicks: 0,
    queueDepth: 0,
    commandsDropped: 0,
    framesLost: 0,
    recoveries: 0,
    overloadLevel: 0,
    gameTimeRate: 1,
    load: 0,
    hash: 0n,
    counters: new Uint32Array(COUNTERS),
  };
}

export function writeEntered(view: DataView, offset: number, entered: Entered): void {
  view.setUint32(offset, ENTERED, true);
  view.setUint32(offset + 4, entered.zoneId, true);
  view.setUint32(offset + 8, entered.session, true);
  view.setUint32(offset + 12, entered.ticket, true);
  view.setUint32(offset + 16, entered.outcome, true);
  view.setUint32(offset + 20, entered.reason, true);
}

export function readEntered(view: DataView, offset: number): Entered {
  const u32 = (index: number): number => view.getUint32(offset + index * 4, true);
  return { zoneId: u32(1), session: u32(2), ticket: u32(3), outcome: u32(4), reason: u32(5) };
}

/** A census record of `length` bytes. */
export function readCensus(view: DataView, offset: number, length: number): ZoneCensus {
  const u32 = (index: number): number => view.getUint32(offset + index * 4, true);
  const ids = new Set<number>();
  for (let index = CENSUS_HEADER_BYTES / 4; index < length / 4; index++) ids.add(u32(index));
  return { zoneId: u32(1), tick: u32(2), ticket: u32(3), ids };
}
