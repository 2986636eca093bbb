// What each provider does when its activity runs, and its output:
//
//   http      {"status":200,"headers":{...},"body":...}      a body of JSON is parsed
//   process   {"status":0,"stdout":"...","stderr":"..."}     "wowsim" is this program itself; long output is cut
//   wowsim    the text of a step, or the number or word that was read
//
// An action must succeed: an HTTP status of 400 or more, or an exit code other than 0, is a failure. A probe only reports.

import { WowsimError } from "../../../server/protocol/errors.ts";
import { selfCommand } from "../../ui/self.ts";
import type { Drill } from "../drill.ts";
import type { ActContext } from "../play.ts";
import { actOf, insistOn } from "../steps.ts";
import type { Modules } from "../steps.ts";
import { boundedText } from "./bounded-text.ts";
import type { Provider } from "./experiment.ts";

type Of<Type extends Provider["type"]> = Extract<Provider, { type: Type }>;

export interface ProviderTools {
  drill: Drill;
  modules: Modules;
  context: ActContext;
  /** The part of our environment that programs get, besides what every program needs. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** The path that means this program itself. */
const OURSELVES = "wowsim";

/** The provider's output. Throws when the activity could not be carried out, or its value could not be measured. */
export async function runProvider(provider: Provider, isAction: boolean, tools: ProviderTools): Promise<unknown> {
  switch (provider.type) {
    case "http":
      return await request(provider, isAction, tools.context.signal);
    case "process":
      return await run(provider, isAction, tools);
    case "wowsim":
      return await ours(provider, tools);
  }
}

const HTTP_TIMEOUT_S = 30;
const PROCESS_TIMEOUT_S = 300;
/** For a program's output, and for an answer that is text. */
const OUTPUT_BYTES_MAX = 100_000;
/** For an answer that is JSON. */
const ANSWER_BYTES_MAX = 1 << 20;
/** The variables that a program needs to be found and to run; it gets no others of our environment. */
const ORDINARY_ENVIRONMENT = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"];

async function request(provider: Of<"http">, isAction: boolean, signal: AbortSignal): Promise<unknown> {
  const { timeout = HTTP_TIMEOUT_S, verify_tls: rejectUnauthorized } = provider;
  const seconds = Array.isArray(timeout) ? timeout[0] + timeout[1] : timeout;
  const method = provider.method.toUpperCase();
  const headers = new Headers(Object.entries(provider.headers).map(([name, value]) => [name, String(value)]));
  const url = new URL(provider.url);
  const isGet = method === "GET" || method === "HEAD";
  if (isGet) for (const [name, value] of entriesOf(provider.arguments)) url.searchParams.append(name, value);
  const response = await fetch(url, {
    method,
    headers,
    ...(isGet || provider.arguments === undefined ? {} : { body: bodyOf(provider.arguments, headers) }),
    tls: { rejectUnauthorized },
    signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]),
  });
  const body = response.body === null ? "" : await boundedText(response.body, ANSWER_BYTES_MAX, { isEnough: true });
  const isJson = (response.headers.get("content-type") ?? "").includes("application/json");
  if (isAction && response.status >= 400)
    throw new WowsimError("action_failed", `${method} ${url.href} was answered with status ${response.status}.`);
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: isJson ? jsonOf(body, url) : body.slice(0, OUTPUT_BYTES_MAX),
  };
}

function jsonOf(body: string, url: URL): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    const why = body.length >= ANSWER_BYTES_MAX ? `has more than ${ANSWER_BYTES_MAX} bytes` : "is none";
    throw new WowsimError("action_failed", `${url.href} says that its answer is JSON, and it ${why}.`, { cause });
  }
}

function bodyOf(given: unknown, headers: Headers): string {
  if (typeof given === "string") return given;
  if ((headers.get("content-type") ?? "").includes("json")) return JSON.stringify(given);
  if (!headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded");
  return new URLSearchParams(entriesOf(given)).toString();
}

function entriesOf(given: unknown): [string, string][] {
  if (typeof given !== "object" || given === null) return [];
  return Object.entries(given).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

async function run(
  provider: Of<"process">,
  isAction: boolean,
  { context: { signal }, environment }: ProviderTools,
): Promise<unknown> {
  const { path, timeout = PROCESS_TIMEOUT_S } = provider;
  const child = Bun.spawn(commandOf(provider), {
    env: { ...ordinaryEnvironment(path), ...environment, ...provider.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeout * 1_000)]),
    killSignal: "SIGTERM",
  });
  const [stdout, stderr] = await Promise.all([
    boundedText(child.stdout, OUTPUT_BYTES_MAX),
    boundedText(child.stderr, OUTPUT_BYTES_MAX),
  ]);
  const status = await child.exited;
  signal.throwIfAborted();
  if (child.signalCode !== null)
    throw new WowsimError(
      "action_failed",
      `${path} was ended by ${child.signalCode}, or took longer than ${timeout} s.`,
    );
  if (isAction && status !== 0)
    throw new WowsimError("action_failed", `${path} ended with exit code ${status}: ${(stderr || stdout).trim()}`);
  return { status, stdout, stderr };
}

/** This program itself also gets the token from our environment. */
function ordinaryEnvironment(path: string): Record<string, string | undefined> {
  const names = path === OURSELVES ? [...ORDINARY_ENVIRONMENT, "WOWSIM_TOKEN"] : ORDINARY_ENVIRONMENT;
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Arguments in one text are split by the shell, as in the Chaos Toolkit; otherwise no shell is used. */
function commandOf({ path, arguments: given }: Of<"process">): string[] {
  const program = path === OURSELVES ? selfCommand() : [path];
  if (typeof given === "string") return ["sh", "-c", `"$@" ${given}`, "sh", ...program];
  const list = Array.isArray(given) ? given : Object.entries(given).flat();
  return [...program, ...list.filter((each) => each !== null && each !== "").map(String)];
}

async function ours(provider: Of<"wowsim">, tools: ProviderTools): Promise<unknown> {
  const { step } = provider;
  if (step === undefined) return await reading(provider, tools);
  const { holds, text, output } = await actOf(step, tools.drill, tools.modules).run(tools.context);
  if (holds === null) throw new WowsimError("not_measured", text);
  if (!holds) throw new WowsimError("untrue", text);
  return output ?? text;
}

/** A number, or a word: the likeliest cause, the server's health, a zone's state. */
async function reading({ read: what, zone, over }: Of<"wowsim">, { drill, context }: ProviderTools): Promise<unknown> {
  drill.mark(`read ${what}`);
  const ask = async (condition: Parameters<typeof insistOn>[0]): Promise<Record<string, unknown>> => {
    const { holds, text, output } = await insistOn(condition, drill, context);
    if (holds === null) throw new WowsimError("not_measured", text);
    return output as Record<string, unknown>;
  };
  switch (what) {
    case undefined:
    case "health":
      return (await ask({ health: "healthy" }))["status"];
    case "zone_state":
      return (await ask({ zone_state: "ACTIVE", zone }))["state"];
    case "diagnosis":
      return (await ask({ diagnosis: "none", zone }))["likeliest"];
    default:
      return (await ask({ measure: what, zone, over, at_least: Number.NEGATIVE_INFINITY }))["value"];
  }
}
