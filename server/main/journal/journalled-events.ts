// Some of what the server tells in telemetry is kept in the journal too: what an operator wants to find after a crash.
//
//   const emitter = journalled(telemetry.emitter, journal)
//   emitter.emit("event", "fault", "Fault activated", { ... })     // a line of telemetry, and an event in the journal

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { JournalHost } from "./journal-host.ts";

const KINDS = {
  "Server started": "start",
  "Fault activated": "fault",
  "Fault deactivated": "fault",
  "Fault injection halted": "halt",
  "Fault injection resumed": "halt",
  "Deploy begun": "deploy",
  "Deploy ended": "deploy",
  "Deploys frozen": "deploy",
  "Deploys thawed": "deploy",
  "Module swapped": "deploy",
  "Module promoted": "deploy",
  "Module rolled back": "deploy",
  "Module refused": "deploy",
  "Module undone": "deploy",
  "Module not undone": "deploy",
  "Zone worker lost": "incident",
  "Zone ticks lost": "loss",
  "Journal lost": "loss",
  "Journal back": "loss",
  "Server must restart": "incident",
} as const;

export function journalled(emitter: Emitter, journal: Pick<JournalHost, "event">): Emitter {
  return {
    emit: (type, component, message, data) => {
      emitter.emit(type, component, message, data);
      const kind = KINDS[message as keyof typeof KINDS] as (typeof KINDS)[keyof typeof KINDS] | undefined;
      if (kind === undefined) return;
      const { zone_id: zone, tick } = data;
      journal.event(kind, { message, ...data }, { zone: numberOr0(zone), tick: numberOr0(tick) });
    },
    emitSampled: (type, component, message, data) => emitter.emitSampled(type, component, message, data),
  };
}

function numberOr0(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
