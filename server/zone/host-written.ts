// The parts of a zone's memory that only the host may write: the content tables, the zone's id, its tick rate and its spawn
// point. The kernel reads them. If a kernel changed them, a rollback to another module would not repair the damage. So a kernel
// that writes there traps in the same tick.
//
//   const hostWritten = new HostWritten(zone.memory, kernel.layout)
//   hostWritten.note()         // from now on these parts must not change
//   hostWritten.problem()      // null, or "it wrote to SPELL_BASE, which only its host may"
//
// The comparison takes 1 us a tick, for 47 KB.

import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { AREAS, bytesOf } from "../../assembly/toolchain/layout-areas.ts";
import type { Content, ZoneContent } from "../protocol/content/content.ts";
import { planMigration } from "../../assembly/toolchain/migration.ts";
import { ofPair } from "../../assembly/toolchain/of-pair.ts";
import { writeContent } from "./content-tables.ts";

interface Area {
  name: string;
  there: Uint8Array;
  noted: Uint8Array;
}

/** Values of the header that only the host may set. */
const CELLS = ["HEADER_ZONE_ID", "HEADER_TICK_RATE", "HEADER_SPAWN_X", "HEADER_SPAWN_Y", "HEADER_SPAWN_Z"];
const CELL_BYTES = 4;

/** What the host writes into the memory of a zone. */
export interface HostPart {
  zone: Pick<ZoneContent, "id">;
  content: Content;
  tickRateHz: number;
}

/** Writes all of it, whatever a module's init() has put there. Throws WowsimError("content_too_large"). */
export function writeHostPart(memory: WebAssembly.Memory, layout: KernelLayout, part: HostPart): void {
  writeContent(memory, layout, part.content, part.tickRateHz);
  writeCells(memory, layout, part);
}

function writeCells(memory: WebAssembly.Memory, layout: KernelLayout, part: HostPart): void {
  const view = new DataView(memory.buffer);
  for (const name of CELLS) view.setUint32(layout.value(name), 0, true);
  view.setUint32(layout.value("HEADER_ZONE_ID"), part.zone.id, true);
  view.setUint32(layout.value("HEADER_TICK_RATE"), part.tickRateHz, true);
}

/** A state and the layout in which it lies. */
export interface LaidOut {
  readonly state: Uint8Array;
  readonly layout: KernelLayout;
}

/** The content tables as bytes, for a layout and content: writing them anew takes a millisecond. */
const images = ofPair((_layout: KernelLayout, _content: Content): Image => ({ tickRateHz: 0, areas: [] }));

interface Image {
  tickRateHz: number;
  areas: { at: number; bytes: Uint8Array }[];
}

function writeRemembered(memory: WebAssembly.Memory, layout: KernelLayout, part: HostPart): void {
  const image = images(layout, part.content);
  if (image.tickRateHz !== part.tickRateHz) {
    writeHostPart(memory, layout, part);
    image.areas = AREAS.filter(([kind]) => kind === "content").map((area) => {
      const at = layout.value(area[1]);
      return { at, bytes: new Uint8Array(memory.buffer, at, bytesOf(area, layout.constants)).slice() };
    });
    image.tickRateHz = part.tickRateHz;
    return;
  }
  const into = new Uint8Array(memory.buffer);
  for (const { at, bytes } of image.areas) into.set(bytes, at);
  writeCells(memory, layout, part);
}

/** Makes what carryState() needs there and back, so that it is quick. `scratch` is overwritten. */
export function prepareCarry(from: KernelLayout, to: KernelLayout, scratch: WebAssembly.Memory, part: HostPart): void {
  if (from.stateHash === to.stateHash) return;
  planMigration(from, to);
  planMigration(to, from);
  for (const layout of [from, to]) writeRemembered(scratch, layout, part);
}

/** Writes a state into a memory, in the layout `to`. Throws WowsimError("layout_mismatch", ...). */
export function carryState(
  { state, layout }: LaidOut,
  to: KernelLayout,
  memory: WebAssembly.Memory,
  part: HostPart,
): void {
  const [base, end] = [to.value("STATE_BASE"), to.value("STATE_END")];
  const into = new Uint8Array(memory.buffer, base, end - base);
  if (layout.stateHash === to.stateHash) return into.set(state);
  planMigration(layout, to).carry(state, into);
  writeRemembered(memory, to, part);
}

export class HostWritten {
  readonly #areas: readonly Area[];

  constructor(memory: WebAssembly.Memory, { constants, value }: KernelLayout) {
    const area = (name: string, bytes: number): Area => {
      const there = new Uint8Array(memory.buffer, value(name), bytes);
      return { name, there, noted: there.slice() };
    };
    const content = AREAS.filter(([part]) => part === "content");
    this.#areas = [
      ...content.map((table) => area(table[1], bytesOf(table, constants))),
      ...CELLS.map((name) => area(name, CELL_BYTES)),
    ];
  }

  /** Copies the present contents. They must be unchanged after each tick. */
  note(): void {
    for (const { there, noted } of this.#areas) noted.set(there);
  }

  /** Names the first area that has changed since note(); null when none has. */
  problem(): string | null {
    for (const { name, there, noted } of this.#areas) {
      if (Buffer.compare(there, noted) !== 0) return `it wrote to ${name}, which only its host may`;
    }
    return null;
  }
}
