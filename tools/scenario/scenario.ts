// The parts of a scenario: players, a steady state, steps, and a rollback. It is a file of TOML or YAML, checked
// completely before anything begins.
//
//   title = "A latency spike is found and taken away"
//   story = "..."
//   players = { count = 6 }
//   [[steady]]
//   health = "healthy"
//   [[steps]]
//   name = "every tick of zone 1 takes 150 ms longer"
//   activate = { fault = "latency-spike", zone = 1, params = { delay_ms = 150 } }
//   [[rollback]]
//   deactivate = "latency-spike"
//
// docs/SCENARIOS.md describes every field.

import { z } from "zod";
import { messageOf } from "../../server/protocol/errors.ts";
import { DURATION_TICKS_MAX } from "../../server/protocol/faults/status.ts";
import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { parseParams } from "../../server/protocol/faults/params.ts";
import { conditionProblems, conditionShape } from "./conditions.ts";
import { durationMs } from "./duration.ts";

const TICK_MS = 50;
const HOUR_MS = 3_600_000;
const WITHIN_MS = 20_000;
const WATCH_MS = 20_000;
const STEPS_MAX = 200;

const name = z.string().min(1).max(200);
const zone = z.number().int().min(1).max(65_535);
const faultId = z.enum(FAULTS.map(({ id }) => id));
const duration = durationMs(0, HOUR_MS);

const playersShape = {
  count: z.number().int().min(1).max(5_000),
  /** Actions a second of each player. */
  rate: z.number().min(0.01).max(100).default(2),
  zone: zone.optional(),
};

const condition = z.strictObject(conditionShape).superRefine(reportProblems);

/** The possible actions of a step, with their fields. */
export const ACTIONS = {
  spawn: z.strictObject(playersShape),
  despawn: z.literal(true, "say despawn = true; it takes all players out"),
  activate: z
    .strictObject({
      fault: faultId,
      params: z.record(z.string(), z.number()).default({}),
      zone: z.number().int().min(0).max(65_535).default(0),
      duration: durationMs(TICK_MS, DURATION_TICKS_MAX * TICK_MS).optional(),
      probability: z.number().min(0).max(1).default(1),
    })
    .superRefine(checkParams),
  deactivate: z.enum(["all", ...FAULTS.map(({ id }) => id)]),
  deploy: z
    .strictObject({
      source: z.string().optional(),
      /** Older names of source. */
      variant: z.string().optional(),
      module: z.string().optional(),
      zone: zone.optional(),
      watch: durationMs(1_000, HOUR_MS).default(WATCH_MS),
      expect: z.enum(["promoted", "rolled_back", "refused"]).default("promoted"),
    })
    .refine(
      ({ source, variant, module }) => [source, variant, module].filter((each) => each !== undefined).length === 1,
      {
        message: "say source: a candidate's name, a .wasm file, or a folder with kernel sources",
      },
    )
    .transform(({ source, variant, module, ...rest }) => ({ ...rest, source: source ?? variant ?? module ?? "" })),
  rollback_deploy: z.number().int().min(0).max(65_535),
  wait: z
    .strictObject({ ...conditionShape, within: durationMs(100, HOUR_MS).default(WITHIN_MS) })
    .superRefine(reportProblems),
  assert: condition,
  sleep: duration,
} as const;

export type ActionKind = keyof typeof ACTIONS;

export const ACTION_KINDS = Object.keys(ACTIONS) as ActionKind[];

/** A step's action: its kind and the fields of that kind. */
export type Action = { [Kind in ActionKind]: { kind: Kind; with: z.infer<(typeof ACTIONS)[Kind]> } }[ActionKind];

export interface Step {
  /** Empty where the file gives none. */
  name: string;
  action: Action;
}

const optionalActions = Object.fromEntries(
  Object.entries(ACTIONS).map(([kind, schema]) => [kind, schema.optional()]),
) as { [Kind in ActionKind]: z.ZodOptional<(typeof ACTIONS)[Kind]> };

export const stepSchema = z
  .strictObject({ name: name.optional(), ...optionalActions })
  .transform((fields, context): Step => {
    const given = ACTION_KINDS.filter((kind) => fields[kind] !== undefined);
    const [kind] = given;
    if (kind !== undefined && given.length === 1)
      return { name: fields.name ?? "", action: { kind, with: fields[kind] } as Action };
    const found = given.length === 0 ? "none is given" : `not ${given.join(" and ")} together`;
    context.addIssue(`a step does one of ${ACTION_KINDS.join(", ")}; ${found}`);
    return z.NEVER;
  });

const steadyState = z
  .strictObject({ name: name.optional(), ...conditionShape, within: durationMs(100, HOUR_MS).default(WITHIN_MS) })
  .superRefine(reportProblems)
  .transform(({ name: title, ...wait }): Step => ({ name: title ?? "", action: { kind: "wait", with: wait } }));

export const scenarioSchema = z
  .strictObject({
    title: name,
    story: z.string().min(1).max(5_000),
    server: z
      .strictObject({ world: z.string().optional(), seed: z.number().int().min(0).max(0xffff_ffff).optional() })
      .default({}),
    players: z.strictObject(playersShape).optional(),
    steady: z.array(steadyState).max(STEPS_MAX).default([]),
    steps: z.array(stepSchema).min(1).max(STEPS_MAX),
    rollback: z.array(stepSchema).max(STEPS_MAX).default([]),
  })
  .transform((scenario, context) => {
    const { steps, rollback, steady } = scenario;
    checkMarks([...steady, ...steps], "steps", steady.length, context);
    checkMarks([...steady, ...steps, ...rollback], "rollback", steady.length + steps.length, context);
    return scenario;
  });

export type Scenario = z.infer<typeof scenarioSchema>;

/** The begin of the scenario, which every condition may refer to. */
export const START_MARK = "start";

function reportProblems(fields: z.infer<typeof condition>, context: z.RefinementCtx): void {
  for (const { field, text } of conditionProblems(fields))
    context.addIssue({ code: "custom", message: text, path: field === "" ? [] : [field] });
}

function checkParams(
  { fault, params }: { fault: string; params: Record<string, unknown> },
  context: z.RefinementCtx,
): void {
  const definition = FAULTS.find(({ id }) => id === fault);
  if (definition === undefined) return;
  try {
    parseParams(definition, params);
  } catch (error) {
    context.addIssue({ code: "custom", message: messageOf(error), path: ["params"] });
  }
}

/** Every `since` from index `from` on must name an earlier step. */
function checkMarks(steps: readonly Step[], list: string, from: number, context: z.RefinementCtx): void {
  const known = new Set([START_MARK]);
  for (const [index, { name: title, action }] of steps.entries()) {
    const since = action.kind === "wait" || action.kind === "assert" ? action.with.since : undefined;
    if (index >= from && since !== undefined && !known.has(since)) {
      const message = `there is no earlier step "${since}"; known: ${[...known].join(", ")}`;
      context.addIssue({ code: "custom", message, path: [list, index - from, action.kind, "since"] });
    }
    if (title !== "") known.add(title);
  }
}
