// A zone in numbers: those in the table of zones, and those that have no room there.

import { shown } from "../../analysis/measures.ts";
import { shownZone } from "../picture.ts";
import { clean, fitText, line, span } from "../text.ts";
import type { Line, Style } from "../text.ts";
import type { Panel } from "./panel.ts";
import { compact, stateStyle } from "./zones.ts";

const NAME_WIDTH = 12;

export const factsPanel: Panel = {
  title(picture, screen) {
    const id = shownZone(picture, screen.zoneId);
    return `Zone ${id} of ${picture.health.zones.length}`;
  },
  lines(picture, screen) {
    const id = shownZone(picture, screen.zoneId);
    const zone = picture.health.zones.find((each) => each.id === id);
    if (zone === undefined) return [line("No zone has ticked yet.", "dim")];
    const { durationMs } = zone;
    const deploy = picture.deploys?.zones.find((each) => each.zone_id === id);
    const kernel =
      deploy === undefined ? zone.kernel : `${zone.kernel} ${deploy.phase === "steady" ? "" : deploy.phase}`;
    const casts =
      zone.castsStarted === 0 && zone.castsCompleted === 0
        ? "none"
        : `${shown(zone.castsStarted)} begun, ${shown(zone.castsCompleted)} completed`;
    return [
      fact("name", zone.name),
      fact("state", zone.state, stateStyle(zone.state)),
      fact("players", `${shown(zone.players)}, creatures ${shown(zone.creatures)}`),
      fact("tick", `p50 ${shown(durationMs.p50)}, p99 ${shown(durationMs.p99)} ms`),
      fact("ticks", `${shown(zone.ticksPerS)} a second, ${zone.overruns} late`),
      fact("fuel", `${compact(zone.fuelUsedP50)} a tick`),
      fact("casts", casts),
      fact("damage", `${compact(zone.damagePerS)} a second`),
      fact("commands", `${compact(zone.commandsPerS)} a second`),
      fact("recoveries", shown(zone.recoveries)),
      fact("kernel", kernel),
    ];
  },
};

const fact = (name: string, value: string, style: Style = "plain"): Line => [
  span(fitText(name, NAME_WIDTH), "dim"),
  span(clean(value), style),
];
