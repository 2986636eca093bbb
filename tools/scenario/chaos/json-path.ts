// JSONPath (RFC 9535), by json-p3; the `$` at the begin may be left out, as experiments do.
//
//   const path = parseJsonPath("zones[*].state")
//   path({ zones: [{ state: "ACTIVE" }, { state: "DOWN" }] })      // ["ACTIVE", "DOWN"]

import { jsonpath } from "json-p3";
import type { JSONValue } from "json-p3";

/** All values at the path, in the order of the document. */
export type JsonPath = (value: unknown) => unknown[];

/** Throws an Error with the problem. */
export function parseJsonPath(text: string): JsonPath {
  const path = text.trim();
  if (path === "") throw new Error("the path is empty");
  const query = jsonpath.compile(path.startsWith("$") ? path : `$${/^[.[]/.test(path) ? "" : "."}${path}`);
  return (value) => query.query(value as JSONValue).values();
}
