// Builds the dialogs of the dashboard from the current state: players to add, faults with the parameters of their schemas,
// deploy candidates, and the confirmation questions.

import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import type { FaultDefinition } from "../../server/protocol/faults/fault.ts";
import { describeParams, heedsZone } from "../../server/protocol/faults/params.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { LONGEST, seconds, TICKS_PER_SECOND, zonesOf } from "../ui/fault-lines.ts";
import type { DialogName } from "./commands.ts";
import type { Choice, Field, Form, Menu, Outcome, Question } from "./dialogs.ts";
import type { Effect } from "./effects.ts";
import { activeFaults } from "./picture.ts";
import type { Picture } from "./picture.ts";
import { assert } from "../../server/protocol/assert.ts";

const FAULT_SECONDS_MAX = 600;

/** A kernel that can be deployed. */
export interface Candidate {
  /** The name for the deploy: a drill's name or a file's path. */
  name: string;
  hint: string;
}

/** The dialog of that name, or what replaces it. */
export function openDialog(name: DialogName, picture: Picture, candidates: readonly Candidate[]): Outcome {
  switch (name) {
    case "spawn":
      return { open: spawnForm() };
    case "faults":
      return { open: faultMenu(picture) };
    case "clear":
      return clearOne(picture);
    case "deploy":
      return deployMenu(picture, candidates);
    case "rollback":
      return rollBack(picture);
    case "halt":
      return halt(picture);
    case "help":
      return { open: { kind: "help", scroll: 0 } };
    case "quit":
      return quit(picture);
  }
}

/** An entry of the event log, with all fields of its line. */
export function entryDialog(seq: number, { log }: Picture): Outcome {
  const lines = log.whole(seq);
  if (lines === null) return { error: "That line is not kept any more." };
  const close = { label: "Close", key: "q", press: (): Outcome => ({ close: true }) };
  return { open: { kind: "question", title: "Event", text: lines, answers: [close], at: 0 } };
}

/** To halt an exercise is harmful and needs a confirmation; to allow faults again does not. */
function halt({ faults, server }: Picture): Outcome {
  if (faults?.halted === true) return { effect: { kind: "resume" } };
  const active = faults?.list.filter((fault) => fault.active).map(({ id }) => id) ?? [];
  const ends = active.length === 0 ? "No fault is active." : `It ends ${active.join(", ")}.`;
  return {
    open: question(
      `Pull the kill switch of ${server}?`,
      [`${ends} Nobody can begin a fault until it is lifted.`],
      [yes("Pull it", { kind: "halt" }), no()],
    ),
  };
}

/** The possible actions on one fault: end it, begin it, restart it. */
export function faultDialog(faultId: string, picture: Picture): Outcome {
  const definition = FAULTS.find(({ id }) => id === faultId);
  if (definition === undefined) return { error: `This dashboard knows no fault ${faultId}.` };
  const active = activeFaults(picture).find(({ id }) => id === faultId);
  if (active === undefined) return breakForm(definition, picture);
  const again = (): Outcome => breakForm(definition, picture);
  return {
    open: menu(
      faultId,
      [`It has hit ${active.affected} of ${active.eligible}; ${seconds(active.ticks_left)} left.`],
      [
        { label: "End it", hint: "what it changed is put back", press: effect({ kind: "deactivate", faultId }) },
        { label: "Begin it anew", hint: "with other parameters", press: again },
      ],
    ),
  };
}

function spawnForm(): Form {
  return form(
    "Bring players in",
    [
      "Bots over real sockets: they move, fight, cast, die, come back.",
      "They leave when their time is over, when told to, or with this dashboard.",
    ],
    [field("players", "how many", 1, 1_000, 10, ""), zoneField("0: spread over the zones")],
    [
      { label: "for 10 s", press: bringIn(10) },
      { label: "for 30 s", press: bringIn(30) },
      { label: "for 60 s", press: bringIn(60) },
      { label: "until stopped", press: bringIn(null) },
    ],
  );
}

const bringIn =
  (durationS: number | null) =>
  (values: ReadonlyMap<string, number>): Outcome => {
    const [players, zoneId] = [given(values, "players"), given(values, "zone")];
    return { effect: { kind: "spawn", players, zoneId, durationS } };
  };

function faultMenu(picture: Picture): Menu {
  const active = new Set(activeFaults(picture).map(({ id }) => id));
  const items = FAULTS.map(({ id, title }) => {
    return { label: id, hint: active.has(id) ? `ACTIVE: ${title}` : title, press: () => faultDialog(id, picture) };
  });
  return menu("Break something", ["Each asks once more before it does anything."], items);
}

/** A form with the parameters of the fault's own schema. */
function breakForm(definition: FaultDefinition, picture: Picture): Outcome {
  if (picture.faults?.halted === true)
    return { error: "The kill switch is on: no fault can be activated. K allows them again." };
  const { id, title, mode } = definition;
  const params = describeParams(definition);
  const fields = params.map(({ name, min, max, default: value, description }) =>
    field(name, name, min, max, value, description),
  );
  if (heedsZone(definition)) fields.push(zoneField("0: all zones"));
  fields.push(
    field("seconds", "seconds", 1, FAULT_SECONDS_MAX, 30, `then it ends by itself; the longest is ${LONGEST}`),
  );
  const ask = (values: ReadonlyMap<string, number>): Outcome => {
    const settings = params.map(({ name }): [string, number] => [name, given(values, name)]);
    const request = {
      fault_id: id,
      params: Object.fromEntries(settings),
      target_zone_id: values.get("zone") ?? 0,
      duration_ticks: given(values, "seconds") * TICKS_PER_SECOND,
    };
    const where = request.target_zone_id === 0 ? "" : ` in zone ${request.target_zone_id}`;
    const withParams =
      settings.length === 0 ? "" : ` with ${settings.map(([name, value]) => `${name} ${value}`).join(", ")}`;
    return {
      open: question(
        `Break ${picture.server}?`,
        [`${id}${withParams}${where}, for ${values.get("seconds")} s.`, `It ${title}. Players feel it.`],
        [yes("Break it", { kind: "activate", request }), no()],
      ),
    };
  };
  const what = mode === "ambient" ? "beside the ticks" : "in the tick";
  return { open: form(id, [`It ${title} (${what}).`], fields, [{ label: "Break it", press: ask }, cancel()]) };
}

function clearOne(picture: Picture): Outcome {
  const active = activeFaults(picture);
  const [first] = active;
  if (first === undefined) return { error: "No fault is active; there is nothing to end." };
  if (active.length === 1) return { effect: { kind: "deactivate", faultId: first.id } };
  const items = active.map((fault) => ({
    label: fault.id,
    hint: describeActive(fault),
    press: effect({ kind: "deactivate", faultId: fault.id }),
  }));
  return { open: menu("End which fault?", [], items) };
}

function deployMenu(picture: Picture, candidates: readonly Candidate[]): Outcome {
  const { run } = picture;
  if (run !== null && run.outcome === null) {
    return {
      open: question(
        "A deploy is under way",
        [`${run.label}: ${run.progress}`, "Ended now, every zone goes back to what it ran before."],
        [yes("End it", { kind: "abort_deploy" }), no("Let it run")],
      ),
    };
  }
  const items = candidates.map(({ name, hint }): Choice => ({
    label: name,
    hint,
    press: () => ({ open: deployForm(name, picture) }),
  }));
  const intro = ["It is tried on one zone under its players, and goes back by itself when it is worse."];
  return { open: menu("Deploy which kernel?", intro, items) };
}

function deployForm(candidate: string, picture: Picture): Form {
  const ask = (values: ReadonlyMap<string, number>): Outcome => {
    const [zoneId, watchS] = [given(values, "zone"), given(values, "seconds")];
    const where = zoneId === 0 ? "the zone with the fewest players" : `zone ${zoneId}`;
    return {
      open: question(
        `Deploy ${candidate} to ${picture.server}?`,
        [`First on ${where}, watched for ${watchS} s; then on every zone, if nothing got worse.`],
        [yes("Deploy it", { kind: "deploy", candidate, zoneId, watchS }), no()],
      ),
    };
  };
  return form(
    `Deploy ${candidate}`,
    [],
    [
      zoneField("canary zone; 0: the one with the fewest players"),
      field("seconds", "seconds", 20, FAULT_SECONDS_MAX, 20, "how long the canary is watched"),
    ],
    [{ label: "Deploy", press: ask }, cancel()],
  );
}

function rollBack({ deploys, run, server }: Picture): Outcome {
  if (run !== null && run.outcome === null)
    return {
      open: question(
        "Roll back?",
        [`The deploy of ${run.label} ends, and what it swapped goes back.`],
        [yes("Roll back", { kind: "abort_deploy" }), no()],
      ),
    };
  const able = deploys?.zones.filter(({ previous_hash: previous }) => previous !== null) ?? [];
  if (able.length === 0) return { error: "No zone has an earlier kernel to go back to." };
  const zones = able.map(({ zone_id: id, hash, previous_hash: previous }) => `zone ${id}: ${hash} back to ${previous}`);
  return { open: question(`Roll ${server} back?`, zones, [yes("Roll back", { kind: "rollback", zoneId: 0 }), no()]) };
}

function quit(picture: Picture): Outcome {
  const leaving = [
    picture.players === null ? "" : `the ${picture.players.count} players you brought in leave`,
    picture.run !== null && picture.run.outcome === null ? `the deploy of ${picture.run.label} is rolled back` : "",
    ...picture.ownFaults.map((id) => `${id} ends`),
  ].filter((text) => text !== "");
  if (leaving.length === 0) return { effect: { kind: "quit" } };
  const text = `Everything started here ends with it: ${leaving.join(", ")}.`;
  return { open: question("Quit?", [text], [yes("Quit", { kind: "quit" }), no("Stay")]) };
}

function describeActive(fault: FaultStatus): string {
  return `${zonesOf(fault) === "server" ? "server" : `zone ${zonesOf(fault)}`}, ${seconds(fault.ticks_left)} left, hit ${fault.affected}`;
}

// ---- helpers ----

const effect = (of: Effect) => (): Outcome => ({ effect: of });

function menu(title: string, intro: string[], items: Choice[]): Menu {
  return { kind: "menu", title, intro, items, at: 0 };
}

function form(title: string, intro: string[], fields: Field[], buttons: Form["buttons"]): Form {
  return { kind: "form", title, intro, fields, buttons, at: 0, error: "" };
}

/** The value of a field of the form. */
function given(values: ReadonlyMap<string, number>, name: string): number {
  const value = values.get(name);
  assert(value !== undefined, `the form has a field ${name}`);
  return value;
}

function field(name: string, label: string, min: number, max: number, value: number, hint: string): Field {
  const range = `${min} to ${max.toLocaleString("en-US")}`;
  return { name, label, min, max, value: String(value), hint: hint === "" ? range : `${hint}, ${range}` };
}

function zoneField(hint: string): Field {
  return { name: "zone", label: "zone", min: 0, max: 65_535, value: "0", hint };
}

function question(title: string, text: string[], answers: Question["answers"]): Question {
  // The last answer is the harmless one, and it is selected first.
  return { kind: "question", title, text, answers, at: answers.length - 1 };
}

const yes = (label: string, of: Effect): Question["answers"][number] => ({ label, key: "y", press: effect(of) });
const no = (label = "No"): Question["answers"][number] => ({ label, key: "n", press: () => ({ close: true }) });
const cancel = (): Form["buttons"][number] => ({ label: "Cancel", press: () => ({ close: true }) });
