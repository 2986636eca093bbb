// Clients that speak another protocol, by mistake or not: a browser that a web page makes post here, with a player's
// message in the body, and TLS clients. Their first bytes identify them; they get an answer in their own protocol and
// are closed before anything else from them is read.
//
//   POST / HTTP/1.1\r\n ... {"type":"movement",...}     → "http": HTTP/1.1 400 Bad Request
//   16 03 01 ...                                         → "tls": an alert

const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE|PRI) /;
const METHOD_CHARS_MAX = 8;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;

export type ForeignProtocol = "http" | "tls";

const HTTP_BODY =
  "This is wowsim's game port, which does not speak HTTP; see /metrics, /healthz and /readyz on its HTTP port.\n";

/** The answers, each in the client's own protocol. */
export const FOREIGN_ANSWERS: Readonly<Record<ForeignProtocol, Uint8Array>> = {
  http: Buffer.from(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${HTTP_BODY.length}\r\nConnection: close\r\n\r\n${HTTP_BODY}`,
  ),
  // A fatal alert: handshake failure.
  tls: Uint8Array.of(0x15, TLS_MAJOR, 0x01, 0x00, 0x02, 0x02, 0x28),
};

/** True when the first line of a connection is that of an HTTP request. */
export function isHttpRequest(bytes: Buffer, start: number, end: number): boolean {
  return HTTP_REQUEST.test(bytes.toString("latin1", start, Math.min(end, start + METHOD_CHARS_MAX)));
}

/** True when the first bytes of a connection are those of a TLS client. */
export function isTls(bytes: Buffer): boolean {
  return bytes[0] === TLS_HANDSHAKE && (bytes.length === 1 || bytes[1] === TLS_MAJOR);
}
