// Replays an incident: brings the zone to the tick before it, and runs the batch that trapped or hung there, with the command
// that the zone's recovery took out later.
//
//   await replayIncident({ dataDir: ".wowsim" }, 4711, {})
//   // { incident: 4711, zone: 1, tick: 900, recorded: { phase: "commands", op: 96, session: 7 }, replayed: { ... }, same: true }

import { z } from "zod";
import { WowsimError } from "../protocol/errors.ts";
import type { IncidentReplay, ReplayObserver, ReplayOptions, ReplayTrap } from "../protocol/replay.ts";
import type { EpochReader } from "../store/world-epochs.ts";
import type { SnapshotPlace, WorldReader } from "../store/world-reader.ts";
import type { StoredEvent } from "../store/world-rows.ts";
import { Lane } from "../lockstep/lane.ts";
import { trapOf } from "../lockstep/lockstep.ts";
import { RecordedModules } from "./modules.ts";
import { openJournal } from "./open-journal.ts";
import { Pause } from "./pause.ts";
import { unpackedState } from "./snapshot-lane.ts";

type Incident = StoredEvent & { lsn: number };

/** The fields of a trap, as zones write them (server/shared/kernel-note.ts). */
const Said = z.object({
  error: z.string().optional(),
  phase: z.string().optional(),
  op: z.number().nullable().optional(),
  session_id: z.number().optional(),
  entity: z.number().optional(),
  spell: z.number().optional(),
});
/** Events of this kind without a batch only tell of a worker's end, of the server's, or of an undo. */
const WithBatch = z.object({ what: z.string().refine((what) => what !== "undo") });

/** Incidents that one message names. */
const NAMED_MAX = 5;
/** Fields by which two traps are the same. */
const PLACE = ["phase", "op", "session"] as const;

/** Throws WowsimError("nothing_recorded" | "incident_unreachable" | ...). */
export async function replayIncident(
  options: ReplayOptions,
  id: number,
  observer: ReplayObserver,
): Promise<IncidentReplay> {
  using journal = openJournal(options);
  const { reader, epochs, problems } = journal;
  const incident = incidentOf(reader, id, problems);
  const { zone, tick } = incident;
  const { lane, place } = startBefore(reader, epochs, incident, problems);
  const first = lane.tick;
  const pause = new Pause(tick - 1 - first, options.signal);
  const ticks = first < tick - 1 ? epochs.ticks(place, first, tick - 1, problems) : [];
  for (const recorded of ticks) {
    lane.step(recorded.batch);
    if (lane.hash !== recorded.hash) throw unreachable(incident, `tick ${recorded.tick} gives another state`);
    pause.ticks++;
    if (!pause.isDue) continue;
    observer.onProgress?.(pause.share, zone, recorded.tick);
    await pause.take();
  }
  if (lane.tick !== tick - 1)
    throw unreachable(incident, `the journal ends at tick ${lane.tick}. ${problems.join(" ")}`);
  const replayed = trapOf(lane, incident.body);
  const recorded = recordedTrap(incident.json);
  const same =
    replayed !== null && PLACE.every((field) => recorded?.[field] === undefined || recorded[field] === replayed[field]);
  return { incident: id, zone, tick, recorded, replayed, same, ticks: tick - 1 - first, problems };
}

function incidentOf(reader: WorldReader, id: number, problems: string[]): Incident {
  const incidents = reader
    .events(0, problems)
    .filter(({ kind, json }) => kind === "incident" && WithBatch.safeParse(parsed(json)).success);
  const incident = incidents.find(({ lsn }) => lsn === id);
  if (incident !== undefined) return incident;
  const known = incidents.slice(-NAMED_MAX).map(({ lsn, zone, tick }) => `${lsn} (zone ${zone}, tick ${tick})`);
  const has = known.length === 0 ? "It has none." : `The newest are ${known.join(", ")}.`;
  throw new WowsimError("nothing_recorded", `The journal has no incident ${id} with a batch. ${has}`);
}

/** The newest good snapshot before the incident, in the epoch in which it happened, and a lane there. */
function startBefore(
  reader: WorldReader,
  epochs: EpochReader,
  incident: Incident,
  problems: string[],
): { lane: Lane; place: SnapshotPlace } {
  const { zone, tick, lsn } = incident;
  const modules = new RecordedModules(reader);
  const places = reader.snapshots(zone, problems).filter((place) => place.tick < tick && place.lsn < lsn);
  const epoch = places[0]?.epoch;
  for (const place of places.filter((each) => each.epoch === epoch)) {
    const snapshot = epochs.snapshotAt(place, problems);
    if (snapshot === null) continue;
    const kernel = modules.get(snapshot.module);
    const lane = new Lane(kernel, modules.memoryFor(kernel), true);
    lane.adopt(unpackedState(snapshot), snapshot.tick);
    return { lane, place };
  }
  throw unreachable(incident, `no snapshot before it is left. ${problems.join(" ")}`);
}

/** What the journal says about the trap; null when it says nothing that can be read. */
function recordedTrap(json: string): Partial<ReplayTrap> | null {
  const said = Said.safeParse(parsed(json));
  if (!said.success || Object.keys(said.data).length === 0) return null;
  const { error: message, session_id: session, ...place } = said.data;
  const found = Object.entries({ message, session, ...place }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as Partial<ReplayTrap>;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The row is sound, and its text is no JSON: then it says nothing about the trap.
    return null;
  }
}

function unreachable({ lsn, zone, tick }: Incident, why: string): WowsimError {
  const message = `Incident ${lsn} of zone ${zone}, tick ${tick}, can not be reached: ${why}`;
  return new WowsimError("incident_unreachable", message);
}
