// The HTTP port: what machines ask a server.
//
//   GET /metrics   Prometheus text
//   GET /healthz   200 {"status":"alive"} as long as the process means to live
//   GET /readyz    200 {"ready":true,"reasons":[],"zones":[...]} when players can play in some zone, else 503 with the reasons
//                  ?zone=1 asks for that zone, ?zone=all for every zone
//   GET /          this list, for people
//
// Nothing here takes a body, so everything long is refused before it is read.

import { messageOf } from "../errors.ts";
import { listenError } from "../listen-error.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

const URL_CHARS_MAX = 1024;
const BODY_BYTES_MAX = 1024;
const IDLE_SECONDS_MAX = 10;

const INDEX = `<!doctype html><html lang="en"><meta charset="utf-8"><title>wowsim</title>
<h1>wowsim</h1>
<ul>
<li><a href="/metrics">/metrics</a>: numbers in Prometheus text format</li>
<li><a href="/healthz">/healthz</a>: is the process alive (200)</li>
<li><a href="/readyz">/readyz</a>: can players play in some zone (200, else 503 with the reasons);
<a href="/readyz?zone=all">/readyz?zone=all</a>: in every zone; <code>/readyz?zone=1</code>: in that one</li>
</ul>
</html>
`;

export interface HttpOptions {
  host: string;
  /** 0: any. */
  port: number;
  metrics: Metrics;
  readiness: Readiness;
}

export interface HttpServer {
  /** The bound port. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts listening. Throws WowsimError("port_in_use" or "listen_failed"). */
export function startHttp(options: HttpOptions): HttpServer {
  const { host, port } = options;
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      development: false,
      // With development off, Bun would otherwise share the port with any other server that does the same.
      reusePort: false,
      idleTimeout: IDLE_SECONDS_MAX,
      maxRequestBodySize: BODY_BYTES_MAX,
      fetch: (request) => answer(request, options),
      error: (error) => text(500, `Internal error: ${messageOf(error)}\n`),
    });
    return { port: server.port ?? port, stop: () => server.stop(true) };
  } catch (error) {
    throw listenError(error, { host, port, name: "HTTP port", flag: "--http-port" });
  }
}

async function answer(request: Request, { metrics, readiness }: HttpOptions): Promise<Response> {
  if (request.url.length > URL_CHARS_MAX) return text(414, `URLs here are at most ${URL_CHARS_MAX} characters.\n`);
  const path = new URL(request.url).pathname;
  if (!["/", "/metrics", "/healthz", "/readyz"].includes(path)) return text(404, "Not found; see /.\n");
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "Only GET and HEAD.\n", { allow: "GET, HEAD" });
  }
  if (path === "/metrics") return text(200, await metrics.text(), { "content-type": metrics.contentType });
  if (path === "/healthz") {
    return readiness.isStopping ? json(503, { status: "stopping" }) : json(200, { status: "alive" });
  }
  if (path === "/readyz") return readyz(new URL(request.url).searchParams.get("zone"), readiness);
  return text(200, INDEX, { "content-type": "text/html; charset=utf-8" });
}

/** `zone`: "all", a zone's number, or null for the server as a whole. */
function readyz(zone: string | null, readiness: Readiness): Response {
  const which = zone === null ? "any" : zone === "all" ? zone : /^\d{1,9}$/.test(zone) ? Number(zone) : null;
  if (which === null || (typeof which === "number" && !readiness.knows(which))) {
    const known = readiness.check().zones.map(({ zone_id }) => zone_id);
    const reason = `There is no such zone; ask for one of ${known.join(", ")}, or for all.`;
    return json(404, { ready: false, reasons: [reason] });
  }
  const verdict = readiness.check(which);
  return json(verdict.ready ? 200 : 503, verdict);
}

function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  const common = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(body, { status, headers: { ...common, ...headers } });
}

function json(status: number, body: unknown): Response {
  return text(status, `${JSON.stringify(body)}\n`, { "content-type": "application/json" });
}
