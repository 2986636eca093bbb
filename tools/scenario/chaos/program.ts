// An experiment's activities as acts on a drill, with the same verdict and the same rollback as a scenario's steps.
//
//   const acts = experiment.method.map((activity) => actOfActivity(activity, tools))

import type { Drill } from "../drill.ts";
import type { Act, ActResult } from "../play.ts";
import type { Modules } from "../steps.ts";
import type { Activity, Provider } from "./experiment.ts";
import { runProvider } from "./providers.ts";
import { substitute } from "./substitute.ts";
import type { Variables } from "./substitute.ts";
import { isWithin } from "./tolerance.ts";

export interface ActivityTools {
  drill: Drill;
  modules: Modules;
  variables: Variables;
  environment: Readonly<Record<string, string | undefined>>;
}

const MS_PER_S = 1_000;
const SHOWN_CHARS_MAX = 160;

/** `isHeld`: a probe of the steady state, whose tolerance is checked; elsewhere the Chaos Toolkit ignores a tolerance. */
export function actOfActivity(activity: Activity, isHeld: boolean, tools: ActivityTools): Act {
  const { name, type, pauses, background } = activity;
  return {
    name,
    kind: type,
    source: activity.source,
    isBackground: background,
    pauseBeforeMs: pauses.before * MS_PER_S,
    pauseAfterMs: pauses.after * MS_PER_S,
    run: async (context): Promise<ActResult> => {
      const run = (provider: Provider, isAction: boolean): Promise<unknown> =>
        runProvider(substitute(provider, tools.variables), isAction, { ...tools, context });
      const output = await run(asProvider(activity.provider), type === "action");
      const holds = isHeld ? await isMet(activity, output, run) : true;
      const text = holds ? shown(output) : `${shown(output)} is not within ${JSON.stringify(activity.tolerance)}`;
      return { holds, text, output: { output } };
    },
  };
}

async function isMet(
  { tolerance }: Activity,
  output: unknown,
  run: (provider: Provider, isAction: boolean) => Promise<unknown>,
): Promise<boolean> {
  if (typeof tolerance !== "object" || Array.isArray(tolerance) || tolerance.type !== "probe")
    return isWithin(tolerance as Parameters<typeof isWithin>[0], output);
  const verdict = await run(withValue(asProvider(tolerance.provider), output), false);
  if (typeof verdict === "object" && verdict !== null && "status" in verdict) return isGoodStatus(verdict.status);
  return Boolean(verdict);
}

/** For a process 0, for an HTTP answer below 400. */
const isGoodStatus = (status: unknown): boolean =>
  status === 0 || (typeof status === "number" && status >= 200 && status < 400);

/** A probe that judges a value gets it as the argument `value`, or as the last one of a list. */
function withValue(provider: Provider, value: unknown): Provider {
  if (provider.type === "wowsim") return provider;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const { arguments: given } = provider;
  if (Array.isArray(given)) return { ...provider, arguments: [...given, text] };
  if (typeof given === "string") return { ...provider, arguments: `${given} '${text.replaceAll("'", `'\\''`)}'` };
  return { ...provider, arguments: { ...recordOf(given), value: text } };
}

const recordOf = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

/** Python was already refused when the experiment was checked. */
function asProvider(provider: Activity["provider"]): Provider {
  if (provider.type === "python") throw new Error("A python provider got past the check.");
  return provider;
}

function shown(output: unknown): string {
  const text = typeof output === "string" ? output : (JSON.stringify(output) ?? "nothing");
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
