// The HTTP port, for monitoring.
//
//   GET /metrics   Prometheus text; with a token: Authorization: Bearer <token>
//   GET /healthz   200 {"status":"alive"} as long as the process does not shut down
//   GET /readyz    200 {"ready":true,"reasons":[],"zones":[...]} when players can play in some zone, else 503 with the reasons
//                  ?zone=1 asks for that zone, ?zone=all for every zone
//   GET /          this list, for people
//
// No request here has a body, so anything long is refused before it is read. It uses node:http because Bun.serve has no
// limit on connections: docs/DECISIONS.md.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { messageOf } from "../../protocol/errors.ts";
import { listenError } from "../../shared/listen-error.ts";
import type { Secret } from "../../shared/secret.ts";
import { WrongTokens } from "../../shared/wrong-tokens.ts";
import { HttpConnections } from "./http-connections.ts";
import { HTTP_LIMITS } from "../../protocol/limits.ts";
import type { HttpRefusal } from "./http-connections.ts";
import type { HttpLimits } from "../../protocol/limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

const URL_CHARS_MAX = 1024;
const BODY_BYTES_MAX = 1024;

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
  /** 0 means any free port. */
  port: number;
  metrics: Metrics;
  readiness: Readiness;
  /** The token that /metrics requires; default none. */
  secret?: Secret | null;
  /** Shared with the other ports that use this token; by default the port has its own. */
  wrongTokens?: WrongTokens;
  limits?: Partial<HttpLimits>;
  /** Milliseconds, monotonic. */
  now?: () => number;
}

export interface HttpServer {
  /** The bound port. */
  readonly port: number;
  readonly connections: number;
  /** Connections closed and requests refused since the start, by reason. */
  readonly refused: Readonly<Record<HttpRefusal, number>>;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** Starts listening. Throws WowsimError("port_in_use" or "listen_failed"). */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const now = options.now ?? (() => performance.now());
  const connections = new HttpConnections({ ...HTTP_LIMITS, ...options.limits }, now);
  const wrongTokens = options.wrongTokens ?? new WrongTokens(now);
  const server = createServer((request, response) => {
    connections.answered(request.socket);
    answer(request, options, wrongTokens, connections)
      .catch((error: unknown): Answer => ({ status: 500, body: `Internal error: ${messageOf(error)}\n` }))
      .then((given) => send(request, response, given), messageOf);
  });
  server.on("connection", (socket) => connections.accept(socket));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  });
  try {
    const port = await listen(server, options);
    return {
      port,
      get connections() {
        return connections.size;
      },
      refused: connections.refused,
      async stop() {
        connections.stop();
        server.close();
        server.closeAllConnections();
      },
    };
  } catch (error) {
    connections.stop();
    throw listenError(error, { host: options.host, port: options.port, name: "HTTP port", flag: "--http-port" });
  }
}

function listen(server: Server, { host, port }: HttpOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen({ host, port, exclusive: true }, () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : port);
  });
  return promise;
}

async function answer(
  request: IncomingMessage,
  { metrics, readiness, secret = null }: HttpOptions,
  wrongTokens: WrongTokens,
  { refused }: HttpConnections,
): Promise<Answer> {
  const { url = "/", method } = request;
  if (url.length > URL_CHARS_MAX) return { status: 414, body: `URLs here are at most ${URL_CHARS_MAX} characters.\n` };
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX)
    return { status: 413, body: "Nothing here takes a body.\n" };
  const path = pathOf(url);
  if (!["/", "/metrics", "/healthz", "/readyz"].includes(path)) return { status: 404, body: "Not found; see /.\n" };
  if (method !== "GET" && method !== "HEAD")
    return { status: 405, body: "Only GET and HEAD.\n", headers: { allow: "GET, HEAD" } };
  if (path === "/metrics") {
    const refusal = secret === null ? null : refusalOf(request, secret, wrongTokens, refused);
    return refusal ?? { status: 200, body: await metrics.text(), headers: { "content-type": metrics.contentType } };
  }
  if (path === "/healthz")
    return readiness.isStopping ? json(503, { status: "stopping" }) : json(200, { status: "alive" });
  if (path === "/readyz") return readyz(new URLSearchParams(url.split("?")[1] ?? "").get("zone"), readiness);
  return { status: 200, body: INDEX, headers: { "content-type": "text/html; charset=utf-8" } };
}

/** The path alone. A URL with a host in front is allowed; the Host header is ignored. */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?]*/i, "").split("?")[0] || "/";
}

/** `zone`: "all", a zone's number, or null for the server as a whole. */
function readyz(zone: string | null, readiness: Readiness): Answer {
  const which = zone === null ? "any" : zone === "all" ? zone : /^\d{1,9}$/.test(zone) ? Number(zone) : null;
  if (which === null || (typeof which === "number" && !readiness.knows(which))) {
    const known = readiness.check().zones.map(({ zone_id }) => zone_id);
    const reason = `There is no such zone; ask for one of ${known.join(", ")}, or for all.`;
    return json(404, { ready: false, reasons: [reason] });
  }
  const verdict = readiness.check(which);
  return json(verdict.ready ? 200 : 503, verdict);
}

/** The answer that refuses the metrics; null when the token is right. */
function refusalOf(
  { headers, socket }: IncomingMessage,
  secret: Secret,
  wrongTokens: WrongTokens,
  refused: Record<HttpRefusal, number>,
): Answer | null {
  const address = socket.remoteAddress ?? "";
  const given = /^Bearer +(.*)$/i.exec(headers.authorization ?? "")?.[1];
  const asks = { "www-authenticate": "Bearer" };
  if (given === undefined)
    return {
      status: 401,
      body: "The numbers are for operators: give --token or WOWSIM_TOKEN to a tool, or send Authorization: Bearer <token>.\n",
      headers: asks,
    };
  if (secret.matches(given)) return null;
  // Only one try per connection: else one connection could carry very many guesses.
  const once = { ...asks, connection: "close" };
  const waitMs = wrongTokens.wrong(address);
  if (waitMs === 0) {
    refused.wrong_token++;
    return { status: 401, body: "That is not this server's token.\n", headers: once };
  }
  refused.wrong_tokens++;
  const body = "That is not this server's token, and there were too many wrong ones from your address.\n";
  return { status: 429, body, headers: { ...once, "retry-after": "1" } };
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const bytes = Buffer.from(body);
  // The rest of a refused request is not waited for.
  const end = status === 413 || status === 414 ? { connection: "close" } : {};
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "content-length": bytes.length,
    ...end,
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function json(status: number, body: unknown): Answer {
  return { status, body: `${JSON.stringify(body)}\n`, headers: { "content-type": "application/json" } };
}
