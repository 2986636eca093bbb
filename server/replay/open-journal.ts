// Opens the journal that a replay reads: that of a data directory, also while its server runs, or a recording.
//
//   using journal = openJournal({ dataDir: ".wowsim" })
//   journal.reader.zones()         // [1, 2]
//   journal.problems               // ["3 committed changes are missing at the end."]

import { WowsimError } from "../protocol/errors.ts";
import type { ReplayOptions } from "../protocol/replay.ts";
import { openRecording } from "../store/recording.ts";
import { EpochReader } from "../store/world-epochs.ts";
import { WorldReader } from "../store/world-reader.ts";

export interface OpenJournal extends Disposable {
  reader: WorldReader;
  epochs: EpochReader;
  problems: string[];
}

/**
 * `looksForDamage` false: `problems` stays empty, which saves a look at all facts. Throws WowsimError("no_journal" |
 * "journal_unreadable" | "journal_format" | ...).
 */
export function openJournal(
  { dataDir, file }: Pick<ReplayOptions, "dataDir" | "file">,
  looksForDamage = true,
): OpenJournal {
  const reader = file === undefined ? WorldReader.open(dataDir) : openRecording(file);
  if (reader === null) {
    const message = `There is no journal in ${dataDir}; name a server's data directory with --data-dir, or a recording.`;
    throw new WowsimError("no_journal", message);
  }
  try {
    const epochs = new EpochReader(reader.source);
    return {
      reader,
      epochs,
      problems: looksForDamage ? reader.problems() : [],
      [Symbol.dispose]: () => reader.close(),
    };
  } catch (error) {
    reader.close();
    throw error;
  }
}

/** The zones to look at: `zone`, or all. Throws WowsimError("nothing_recorded"). */
export function zonesOf(reader: WorldReader, zone: number | undefined, problems: string[]): number[] {
  const zones = reader.zones(problems);
  if (zones.length === 0) {
    const why = problems.length > 0 ? ` ${problems.join(" ")}` : "";
    throw new WowsimError("nothing_recorded", `The journal has no ticks and no snapshots.${why}`);
  }
  if (zone === undefined) return zones;
  if (zones.includes(zone)) return [zone];
  const message = `The journal has no zone ${zone}; it has ${zones.join(", ")}.`;
  throw new WowsimError("nothing_recorded", message);
}
