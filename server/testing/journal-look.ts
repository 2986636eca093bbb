// What a killed server left in its journal, looked at as its successor will: every zone is restored and run to its end, hash by
// hash, and who is where follows from that. The journal is a copy: nothing is written to the world itself.
//
//   const look = lookIntoJournal(folder, world, kernel)
//   look.players.get(12)       // { zones: [3], acked: 812 }
//   look.unaccounted           // [] when items and gold are conserved, over all zones and what is on its way

import {
  STACK_COUNT_MASK,
  STACK_COUNT_MAX,
  STACK_KIND_SHIFT,
  TRANSFER_ACK,
  TRANSFER_WALKED,
} from "../../assembly/abi.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { findWorld } from "../journal/found-world.ts";
import { findPeople } from "../main/journal/journal-sessions.ts";
import type { FoundPeople } from "../main/journal/journal-sessions.ts";
import { at, entryOf, wordAt } from "../protocol/assert.ts";
import type { World } from "../protocol/content/content.ts";
import { ITEMS } from "../shared/ring-records.ts";
import type { ItemCount } from "../shared/ring-records.ts";
import type { FoundZone } from "../shared/journal-messages.ts";
import type { RevivedReport } from "../shared/zone-messages.ts";
import { WorldReader } from "../store/world-reader.ts";
import { countItems } from "../zone/item-count.ts";
import { reviveZone } from "../zone/zone-beginning.ts";

/** More than any honest tick needs. */
const FUEL_PER_TICK = 200_000_000n;

export interface FoundPlayers {
  /** What is damaged, lost or does not replay; empty when all is well. */
  problems: string[];
  /** Where each session's player is, by session, and its newest command that its zone has handled. On its way: no zone. */
  players: Map<number, { zones: number[]; acked: number }>;
}

export interface JournalLook extends FoundPlayers {
  people: FoundPeople;
  /** Kinds of items that are not where the ledgers of all zones say, one sentence each. */
  unaccounted: string[];
  /** Gold in all zones, on its way between them, and in stored characters. */
  gold: number;
  entities: number;
}

export function lookIntoJournal(folder: string, world: World, kernel: Kernel): JournalLook {
  const reader = WorldReader.open(folder);
  if (reader === null) throw new RangeError(`There is no journal in ${folder}.`);
  const found = findWorld(reader);
  reader.close();
  const kernels = new Map([[kernel.hash, kernel]]);
  for (const { hash, label, wasm } of found.modules) if (!kernels.has(hash)) kernels.set(hash, loadKernel(wasm, label));
  const { problems, reports, counts, entities } = reviveZones(found.zones, world, kernels);
  problems.unshift(...found.problems);
  const people = findPeople(found, reports);
  return { problems, players: playersOf(reports, people), people, entities, ...itemsOf(counts, people, reports) };
}

export interface Revived {
  problems: string[];
  reports: RevivedReport[];
  counts: ItemCount[];
  entities: number;
}

/** Restores each zone, and runs it to its end. */
export function reviveZones(zones: readonly FoundZone[], world: World, kernels: ReadonlyMap<string, Kernel>): Revived {
  const problems: string[] = [];
  const reports: RevivedReport[] = [];
  const counts: ItemCount[] = [];
  let entities = 0;
  for (const { zone: zoneId, history, module, problems: damage } of zones) {
    problems.push(...damage);
    const zone = at(
      world.zones,
      world.zones.findIndex(({ id }) => id === zoneId),
    );
    if (history === null) continue;
    const ran = entryOf(kernels, module);
    const options = {
      zone,
      content: world.content,
      kernel: ran,
      tickRateHz: 20,
      seed: 1,
      now: () => performance.now(),
    };
    const begun = reviveZone({ ...options, fuelPerTick: FUEL_PER_TICK }, [], {
      history,
      ran,
      toldTick: Number.MAX_SAFE_INTEGER,
      lostBecause: null,
    });
    if (begun.revival === null) throw new RangeError(`Broken: zone ${zoneId} was revived`);
    if (begun.revival.problem !== null) problems.push(`Zone ${zoneId}: ${begun.revival.problem}`);
    reports.push(begun.revival);
    counts.push(countItems(begun.zone, ITEMS.empty()));
    entities += [...begun.zone.entities.entityIds()].length;
  }
  return { problems, reports, counts, entities };
}

function playersOf(reports: readonly RevivedReport[], { sessions }: FoundPeople): JournalLook["players"] {
  const players: JournalLook["players"] = new Map();
  for (const { zoneId, players: there } of reports)
    for (const { session, ack } of there)
      players.set(session, { zones: [...(players.get(session)?.zones ?? []), zoneId], acked: ack });
  for (const { id, crossing } of sessions)
    if (crossing !== null && !players.has(id))
      players.set(id, { zones: [], acked: wordAt(crossing.words, TRANSFER_ACK) });
  return players;
}

/** In each zone: held = created - destroyed + arrived - departed. Over all: departed - arrived = on the way + stored. */
function itemsOf(
  counts: readonly ItemCount[],
  { sessions, characters }: FoundPeople,
  reports: readonly RevivedReport[],
): Pick<JournalLook, "unaccounted" | "gold"> {
  const outside = ITEMS.empty().held;
  const inZones = new Set(reports.flatMap(({ players }) => players.map(({ session }) => session)));
  const active = new Set<string>();
  for (const { id, kept, crossing } of sessions) {
    if (inZones.has(id)) active.add(kept.character);
    else if (crossing !== null) {
      active.add(kept.character);
      addStacks(outside, crossing.words);
    }
  }
  for (const { character } of characters)
    if (!active.has(character.key) && character.record !== null) addStacks(outside, character.record.words);
  const unaccounted: string[] = [];
  let gold = wordAt(outside, 0);
  for (const { held } of counts) gold += wordAt(held, 0);
  for (let item = 0; item < outside.length; item++) {
    let away = 0;
    for (const { zoneId, held, created, destroyed, arrived, departed } of counts) {
      const [has, made, gone, came, went] = [held, created, destroyed, arrived, departed].map((words) =>
        wordAt(words, item),
      );
      const expected = ((made ?? 0) - (gone ?? 0) + (came ?? 0) - (went ?? 0)) >>> 0;
      if (has !== expected)
        unaccounted.push(`zone ${zoneId} holds ${has} of item ${item}, its ledger says ${expected}`);
      away = (away + (went ?? 0) - (came ?? 0)) >>> 0;
    }
    if (away !== wordAt(outside, item))
      unaccounted.push(
        `${away} of item ${item} have left all zones, ${wordAt(outside, item)} are on the way or stored`,
      );
  }
  return { unaccounted, gold };
}

function addStacks(into: Uint32Array, words: Uint32Array): void {
  for (let place = TRANSFER_WALKED - STACK_COUNT_MAX; place < TRANSFER_WALKED; place++) {
    const stack = wordAt(words, place);
    const kind = stack >>> STACK_KIND_SHIFT;
    if (kind < into.length) into[kind] = (wordAt(into, kind) + (stack & STACK_COUNT_MASK)) >>> 0;
  }
}
