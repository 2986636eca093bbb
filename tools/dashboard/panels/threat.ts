// The threat list of the creature in the busiest fight, relative to its current target: a melee player pulls it at 110 %.

import { shownZone } from "../picture.ts";
import { clean, fitText, line, span } from "../text.ts";
import type { Line } from "../text.ts";
import { entityName } from "../zone-answer.ts";
import type { ViewedFight } from "../zone-answer.ts";
import type { Panel } from "./panel.ts";
import { compact } from "./zones.ts";

const NAME_WIDTH = 14;
const NUMBER_WIDTH = 6;

export const threatPanel: Panel = {
  title(picture, screen) {
    const fights = picture.zone?.fights.length ?? 0;
    return `Threat, zone ${shownZone(picture, screen.zoneId)}${fights > 1 ? `: busiest of ${fights} fights` : ""}`;
  },
  lines({ zone }, _screen, { width, height }) {
    if (zone === null) return [line("The zone can not be inspected now.", "dim")];
    const [fight] = zone.fights;
    if (fight === undefined) return [line("Nobody fights.", "dim")];
    return [creatureLine(fight), ...threatLines(fight, width)].slice(0, height);
  },
};

function creatureLine({ creature }: ViewedFight): Line {
  const { level, health, health_max: most } = creature;
  const share = most === 0 ? 0 : Math.round((health / most) * 100);
  return [...line(entityName(creature), "bold"), span(` level ${level}, health ${health} of ${most} (${share} %)`)];
}

/** Highest threat first, with a bar; the current target is marked. */
function threatLines({ creature, threat }: ViewedFight, width: number): Line[] {
  const most = Math.max(1, ...threat.map(({ amount }) => amount));
  const barWidth = Math.max(0, width - NAME_WIDTH - NUMBER_WIDTH - 4);
  return threat.map(({ player, name, amount }) => {
    const isTarget = player === creature.target;
    const bar = "█".repeat(Math.round((amount / most) * barWidth));
    return [
      span(isTarget ? "▸ " : "  ", "bad"),
      span(fitText(clean(entityName({ id: player, name, is: "player" })), NAME_WIDTH), isTarget ? "bold" : "plain"),
      span(` ${fitText(compact(amount), NUMBER_WIDTH, "right")} `),
      span(bar, isTarget ? "bad" : "accent"),
    ];
  });
}
