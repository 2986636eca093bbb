// Pictures for tests of the dashboard: made-up telemetry (telemetry-story.ts) through the real analysis, and answers as the
// control channel gives them.
//
//   const picture = pictureOf(new Story().seconds(30), { faults: faultsWith("latency-spike") })
//   const text = screenText(picture, FIRST_SCREEN, { width: 80, height: 24 })

import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { parseParams } from "../../server/protocol/faults/params.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { diagnose } from "../../tools/analysis/diagnosis.ts";
import { assessHealth } from "../../tools/analysis/health.ts";
import type { RemoteStatus } from "../../tools/deploy/remote.ts";
import { EventLog } from "../../tools/dashboard/event-log.ts";
import { frameOf } from "../../tools/dashboard/frame.ts";
import { busiestOf } from "../../tools/dashboard/picture.ts";
import type { Faults, Picture } from "../../tools/dashboard/picture.ts";
import type { Screen } from "../../tools/dashboard/screen-state.ts";
import { textOf } from "../../tools/dashboard/text.ts";
import type { Size } from "../../tools/dashboard/layout.ts";
import type { ViewedEntity, ViewedZone } from "../../tools/dashboard/zone-answer.ts";
import type { Story } from "./telemetry-story.ts";

export function pictureOf(story: Story, parts: Partial<Picture> = {}): Picture {
  const log = new EventLog();
  for (const line of story.lines) log.take(line);
  const health = assessHealth(story.timeline);
  return {
    nowMs: story.atMs,
    server: "127.0.0.1:8081",
    link: { state: "live", sinceMs: story.atMs - 10_000, returns: 0 },
    control: { ok: true, error: "" },
    refusal: "",
    timeline: story.timeline,
    health,
    busiestZone: busiestOf(health.zones, 0),
    diagnoses: diagnose(story.timeline),
    clearing: null,
    log,
    faults: { list: faultsWith(), halted: false },
    deploys: DEPLOYS,
    run: null,
    zone: null,
    players: null,
    ownFaults: [],
    ...parts,
  };
}

/** All faults, those named active for another 20 s. */
export function faultsWith(...active: string[]): FaultStatus[] {
  return FAULTS.map((definition): FaultStatus => {
    const { id, mode, title, family } = definition;
    const isActive = active.includes(id);
    return {
      id,
      mode,
      title,
      family,
      active: isActive,
      activations: isActive ? 1 : 0,
      ticks_elapsed: isActive ? 200 : 0,
      config: parseParams(definition, {}),
      targets: isActive ? [1, 2] : [],
      ticks_left: isActive ? 400 : 0,
      lease_ms_left: null,
      eligible: isActive ? 200 : 0,
      affected: isActive ? 198 : 0,
      probability: 1,
      leaving: false,
    };
  });
}

export const withFaults = (...active: string[]): { faults: Faults } => ({
  faults: { list: faultsWith(...active), halted: false },
});

export const DEPLOYS: RemoteStatus = {
  modules: [{ hash: "0123456789abcdef", label: "wowsim 0.1.0", state: "ready", problems: [] }],
  zones: [1, 2].map((id) => ({
    zone_id: id,
    hash: "0123456789abcdef",
    label: "wowsim 0.1.0",
    phase: "steady",
    canary: false,
    previous_hash: null,
    lease_ms_left: null,
    last_error: null,
  })),
  lost: [],
  frozen: null,
  deploy: null,
  incidents: [],
};

/** A zone with three players who fight Hogger, and creatures around. */
export const VIEWED_ZONE: ViewedZone = zoneWithFight();

function zoneWithFight(): ViewedZone {
  const hogger = entity({ id: 1_000_001, name: "Hogger", level: 11, x: 14, y: 6, health: 1_200, health_max: 1_600 });
  const fighting: ViewedEntity = { ...hogger, is: "creature", target: 3, states: ["in_combat"] };
  const players = [1, 2, 3].map((id) => entity({ id, name: id === 2 ? "" : `Bot ${id}`, x: 10 + id, y: id }));
  const wolves = [1, 2, 3, 4].map((at) =>
    entity({ id: 1_100_000 + at, name: "Timber Wolf", x: 60 - at * 25, y: at * 15, states: at === 4 ? ["dead"] : [] }),
  );
  return {
    zone_id: 1,
    tick: 1_000,
    age_ms: 20,
    players: 3,
    creatures: 5,
    entities: [
      ...players.map((player) => ({ ...player, is: "player" as const })),
      fighting,
      ...wolves.map((wolf) => ({ ...wolf, is: "creature" as const })),
    ],
    fights: [
      {
        creature: fighting,
        threat: [
          { player: 3, name: "Bot 3", amount: 412.5 },
          { player: 2, name: "", amount: 230 },
          { player: 1, name: "Bot 1", amount: 96.1 },
        ],
      },
    ],
  };
}

function entity(parts: Partial<ViewedEntity> & Pick<ViewedEntity, "id" | "name" | "x" | "y">): ViewedEntity {
  return { is: "creature", level: 10, health: 100, health_max: 100, target: 0, states: [], ...parts };
}

/** The whole screen as text. */
export const screenText = (picture: Picture, screen: Screen, size: Size): string =>
  frameOf(picture, screen, size).rows.map(textOf).join("\n");
