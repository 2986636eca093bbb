// The status that a server reports over HTTP: whether it is ready, and each zone's state, name and players. The feed only
// has events; a zone that has been down for a while is silent there and named here.
//
//   await fetchStatus({ host: "127.0.0.1", port: 8082 })
//   // { ready: true, reasons: [], isFileFailing: false, zones: [{ id: 1, name: "Elwynn Forest", state: "ACTIVE", players: 4, ... }] }
//
// Of /metrics only the fields above are read; the active faults (wowsim_fault_*) are not.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { parseOutsideJson, printable } from "../../server/protocol/printable.ts";
import { parsePrometheus } from "./prometheus-text.ts";
import { forOperators } from "./operator-words.ts";
import { hostAndPort } from "./server-name.ts";
import type { PrometheusSample } from "./prometheus-text.ts";
import type { ZoneStatus, ServerStatus } from "../analysis/server-status.ts";
import type { TokenCode } from "./token-error.ts";
import { measured } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";

const TIMEOUT_MS = 2_000;
const SAID_CHARS_MAX = 200;

export interface StatusOptions {
  host: string;
  port: number;
  /** For servers that require one. */
  token?: string | undefined;
}

/** Throws WowsimError: http_unreachable, token_required, wrong_token, http_refused. */
export async function fetchStatus({ host, port, token }: StatusOptions): Promise<ServerStatus> {
  const base = `http://${hostAndPort(host, port)}`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const [ready, metrics] = await Promise.all([
      fetch(`${base}/readyz`, { signal }).then(async (answer) => parseOutsideJson(await answer.text())),
      fetch(`${base}/metrics`, token === undefined ? { signal } : { signal, headers: bearer(token) }).then((answer) =>
        numbersOf(answer, token),
      ),
    ]);
    const samples = parsePrometheus(metrics);
    const failing = samples.find(({ name }) => name === "wowsim_telemetry_file_failing")?.value;
    const isFileFailing = failing === undefined ? null : failing === 1;
    return { ...readinessOf(ready), zones: zonesOf(samples), isFileFailing };
  } catch (cause) {
    if (cause instanceof WowsimError) throw cause;
    const message = `Nothing answers as a wowsim server on ${base} (${reasonOf(cause)}); say where it is with --server or --http-port.`;
    throw new WowsimError("http_unreachable", message, { cause });
  }
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** The HTTP status for a missing or wrong token, and for requests after too many wrong tokens. */
const TOKEN_STATUSES = [401, 429];

/** The text of /metrics. Throws WowsimError with the server's own message when it refuses. */
async function numbersOf(answer: Response, token: string | undefined): Promise<string> {
  const text = await answer.text();
  if (answer.ok) return text;
  const said = printable(text.trim()).slice(0, SAID_CHARS_MAX);
  const tokenCode: TokenCode = token === undefined ? "token_required" : "wrong_token";
  const code = TOKEN_STATUSES.includes(answer.status) ? tokenCode : "http_refused";
  throw new WowsimError(code, `/metrics is not shown (${answer.status}): ${forOperators(said)}`);
}

/** The short cause, such as "ECONNREFUSED", instead of fetch's long message. */
function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : messageOf(error);
}

function readinessOf(value: unknown): { ready: boolean; reasons: string[] } {
  if (typeof value !== "object" || value === null || !("ready" in value)) {
    throw new TypeError("/readyz is not that of a wowsim server");
  }
  const reasons = "reasons" in value && Array.isArray(value.reasons) ? value.reasons.map(String) : [];
  return { ready: value.ready === true, reasons };
}

function zonesOf(samples: readonly PrometheusSample[]): ZoneStatus[] {
  const value = (name: string, zone: string): Measured =>
    measured(samples.find((sample) => sample.name === name && sample.labels["zone"] === zone)?.value);
  const state = (zone: string): string =>
    samples.find(
      (sample) => sample.name === "wowsim_zone_state" && sample.labels["zone"] === zone && sample.value === 1,
    )?.labels["state"] ?? "";
  return samples
    .filter(({ name }) => name === "wowsim_zone_info")
    .map(({ labels: { zone = "", name = "" } }) => ({
      id: Number(zone),
      name,
      state: state(zone),
      players: value("wowsim_zone_players", zone),
      creatures: value("wowsim_zone_creatures", zone),
    }));
}
