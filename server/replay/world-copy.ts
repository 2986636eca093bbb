// Makes a data directory with the world as it was at a tick, from a journal or a recording, for a server that lets people look
// at it. The journal itself is only read.
//
//   copyWorld({ dataDir: ".wowsim", to: 4711 }, "/tmp/copy")
//   // { zones: [{ zone: 1, tick: 4711 }, { zone: 2, tick: 4711 }], problems: [] }
//
// Sessions and characters are not copied: nobody can resume there. The bodies of players are in the zones' states.

import { WowsimError } from "../protocol/errors.ts";
import type { WorldCopy, WorldCopyOptions } from "../protocol/replay.ts";
import type { WorldReader } from "../store/world-reader.ts";
import { WorldWriter } from "../store/world-writer.ts";
import { openJournal, zonesOf } from "./open-journal.ts";

/** What the file says of itself, as far as a server needs it. */
const META_KEYS = ["zones", "seed", "tick_rate", "boot_module"];
const EPOCH = 1;

/** Throws WowsimError("no_journal" | "nothing_recorded" | ...). */
export function copyWorld(options: WorldCopyOptions, folder: string): WorldCopy {
  using journal = openJournal(options);
  const { reader } = journal;
  const problems = [...journal.problems];
  const zones = zonesOf(reader, options.zone, problems);
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: Date.now });
  try {
    writer.begin();
    for (const key of META_KEYS) {
      const value = reader.meta(key, problems);
      if (value !== null) writer.meta(key, value);
    }
    const copied = zones.flatMap((zone) => {
      const tick = copyZone(reader, writer, zone, options.to, problems);
      return tick === null ? [] : [{ zone, tick }];
    });
    if (copied.length === 0)
      throw new WowsimError("nothing_recorded", `Nothing of that time can be used. ${problems.join(" ")}`.trim());
    writer.commit();
    writer.testify();
    return { zones: copied, problems };
  } finally {
    writer.close();
  }
}

/** The tick at which the zone goes on; null when the journal has nothing of it up to then. */
function copyZone(
  reader: WorldReader,
  writer: WorldWriter,
  zone: number,
  to: number | undefined,
  problems: string[],
): number | null {
  const history = reader.history(zone, to);
  problems.push(...history.problems);
  if (history.snapshot === null) return null;
  const { snapshot, ticks } = history;
  writer.snapshot({ ...snapshot, epoch: EPOCH });
  for (const tick of ticks) writer.tick({ ...tick, epoch: EPOCH });
  const module = reader.module(snapshot.module);
  if (module !== null) writer.module(module);
  return ticks.at(-1)?.tick ?? snapshot.tick;
}
