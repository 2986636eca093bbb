// Opens the journal of the data directory, and finds out what of an earlier server goes on.
//
//   const opened = await openJournal({ ... })      // throws WowsimError("other_world", "journal_unreadable", ...)
//   opened.beginnings                              // for the supervisor
//   opened.begin()                                 // the zones tick: the journal is this server's from now on

import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { World } from "../protocol/content/content.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import type { ServerOptions } from "../protocol/server-options.ts";
import type { ZoneListener } from "../shared/zone-link.ts";
import type { RevivedReport } from "../shared/zone-messages.ts";
import { findBeginnings, worldKey } from "./journal/beginnings.ts";
import type { FoundBeginnings } from "./journal/beginnings.ts";
import { JournalHost } from "./journal/journal-host.ts";
import { JournalCharacters } from "./journal/journal-characters.ts";
import { findPeople, JournalSessions } from "./journal/journal-sessions.ts";
import type { FoundPeople } from "./journal/journal-sessions.ts";
import { GapMark } from "../store/gap-mark.ts";
import { workers } from "./workers.ts";

const HOURS_DEFAULT = 24;
const MEGABYTES_DEFAULT = 2_048;
/** Files of one world. */
const FILES = ["world.sqlite", "world.sqlite-wal", "world.sqlite-shm", "world.witness", "world.gap"];

export interface OpenJournalOptions {
  dataDir: string;
  /** Number of zone workers. */
  workers: number;
  world: World;
  kernel: Kernel;
  /** The kernel's metered binary. */
  wasm: Uint8Array;
  seed: number;
  tickRateHz: number;
  emitter: Emitter;
  options: ServerOptions;
}

export interface OpenedJournal extends FoundBeginnings {
  host: JournalHost;
  /** Since when the journal is not written, for a start after a kill. */
  gap: GapMark;
  sessions: JournalSessions;
  isHalted: boolean;
  /** Writes everything and closes the journal. Null, or a sentence about what the disk did not take. */
  stop(): Promise<string | null>;
  /** Call it when the zones have started, with what came of them: whose they are, and the characters' store. */
  people(revived: readonly RevivedReport[]): FoundPeople & { store: JournalCharacters };
}

export async function openJournal(opening: OpenJournalOptions): Promise<OpenedJournal> {
  const { dataDir, world, kernel, emitter, options } = opening;
  const kept = options.fresh === true ? setAside(dataDir) : null;
  const gap = new GapMark(Date.now);
  const host = await JournalHost.start({
    newWorker: workers.journal,
    folder: dataDir,
    workers: opening.workers,
    durability: options.durability ?? "process",
    staysClosed: options.onJournalLoss === "stop",
    retention: {
      hours: options.journalHours ?? HOURS_DEFAULT,
      megabytes: options.journalMegabytes ?? MEGABYTES_DEFAULT,
    },
    onState: (failing) => {
      gap.set("refused", failing !== null);
      if (failing === null) emitter.emit("event", "journal", "Journal written again", {});
      else emitter.emit("error", "journal", "Journal not written", { error: failing });
    },
    onTrouble: (what) => emitter.emit("error", "journal", "Journal trouble", { error: what }),
  });
  const stop = async (): Promise<string | null> => {
    const unkept = await host.stop();
    await gap.close(unkept === null);
    return unkept;
  };
  // What the file said until now is in what was found.
  gap.open(dataDir);
  try {
    const found = findBeginnings(host.found, world, kernel);
    for (const notice of found.notices) host.event("loss", { message: "Journal damaged", error: notice });
    if (kept !== null) found.notices.unshift(`The old world's journal is kept as ${kept}.`);
    for (const notice of found.notices) emitter.emit("error", "journal", "Journal damaged", { error: notice });
    if (host.failing !== null) found.notices.unshift(refusedText(host.failing));
    describe(host, opening);
    return {
      ...found,
      host,
      gap,
      stop,
      sessions: new JournalSessions(host),
      isHalted: host.found.facts.some(({ kind }) => kind === "halt"),
      people: (revived) => {
        const people = findPeople(host.found, revived);
        const store = new JournalCharacters(host, people.characters);
        for (const character of people.settled) store.settles(character);
        // The zones tick already: a player may have left one by now, and the journal has that crossing instead.
        for (const { session, from } of people.oldCrossings) host.put("crossing", String(session), null, from);
        return { ...people, store };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What an operator has to know of a journal that can not be written from the start on. */
function refusedText(failing: string): string {
  return `The journal can not be written (${failing}): what is played from now on is lost if this server dies. It is tried again, and goes on by itself.`;
}

/** What an operator has to know of zones that did not come back whole: sentences. */
export function lossNotices(revived: readonly RevivedReport[]): string[] {
  return revived
    .filter(({ lostTicks, problem }) => lostTicks > 0 || problem !== null)
    .map(({ zoneId, tick, lostTicks, problem }) => {
      const why = problem ?? "They can not be run.";
      return `Zone ${zoneId} goes on after tick ${tick}: ${lostTicks} ticks of its journal are lost. ${why}`;
    });
}

/** Keeps which promoted module each zone runs. */
export function keepPromotions(journal: Pick<JournalHost, "put">): ZoneListener {
  return {
    said: (message) => {
      if (message.type === "module" && !message.isTrial)
        journal.put("zone", String(message.zoneId), { promoted: message.hash });
    },
  };
}

/** Calls `stop` when the zones can not wait for the journal any more. */
export function stopOnLoss(stop: (reason: string) => void): ZoneListener {
  return {
    said: (message) => {
      if (message.type !== "journal" || !message.isLost) return;
      stop(`The journal could not be written for ${Math.round(message.ms)} ms.`);
    },
  };
}

/** Reports when what players are told is not in the journal, and when it is again. */
export function reportLoss(emitter: Emitter, gap: Pick<GapMark, "set">, warn: (warning: string) => void): ZoneListener {
  const lost = new Set<number>();
  const isBack = (zones: readonly number[]): void => {
    const wasLost = lost.size > 0;
    for (const zone of zones) lost.delete(zone);
    if (!wasLost || lost.size > 0) return;
    gap.set("waiting", false);
    warn("The journal is written again.");
  };
  return {
    // A worker that replaces a lost one begins with what the journal has of its zones.
    revives: (zoneId) => isBack([zoneId]),
    said: (message) => {
      if (message.type !== "journal") return;
      const { zones, isLost } = message;
      const ms = Math.round(message.ms);
      if (isLost) emitter.emit("error", "journal", "Journal lost", { zones, lag_ms: ms });
      else emitter.emit("event", "journal", "Journal back", { zones, lost_ms: ms });
      if (!isLost) return isBack(zones);
      const wasLost = lost.size > 0;
      for (const zone of zones) lost.add(zone);
      gap.set("waiting", true);
      if (!wasLost)
        warn("The journal can not be written: what players are told from now on is lost if this server dies.");
    },
  };
}

/** Writes whose journal this is. */
function describe(host: JournalHost, { world, kernel, wasm, seed, tickRateHz, options }: OpenJournalOptions): void {
  host.module({ hash: kernel.hash, label: kernel.label, wasm });
  const { meta } = host.found;
  host.put("meta", "zones", worldKey(world));
  host.put("meta", "boot_module", kernel.hash);
  host.put("meta", "tick_rate", String(tickRateHz));
  host.put("meta", "durability", options.durability ?? "process");
  if (meta["seed"] === undefined) host.put("meta", "seed", String(seed));
}

/** Renames the files of the old world. Returns the new name of its journal; null when there is none. */
function setAside(dataDir: string): string | null {
  if (!FILES.some((file) => existsSync(join(dataDir, file)))) return null;
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  for (const file of FILES)
    if (existsSync(join(dataDir, file)))
      renameSync(join(dataDir, file), join(dataDir, file.replace("world", `world-${stamp}`)));
  return `world-${stamp}.sqlite`;
}
