// The part of JSONPath that experiments use: names, positions, wildcards and descent; no filters, no scripts, no slices.
//
//   const path = parseJsonPath("$.zones[*].state")
//   path({ zones: [{ state: "ACTIVE" }, { state: "DOWN" }] })      // ["ACTIVE", "DOWN"]
//   parseJsonPath("zones[?(@.id==1)]")                             // throws, and says what is understood

/** All values that the path leads to, in the order of the document. */
export type JsonPath = (value: unknown) => unknown[];

type Part = { kind: "name"; name: string } | { kind: "index"; index: number } | { kind: "all" } | { kind: "descend" };

const TOKEN = /^(?:\.\.|\.?\*|\.?([\p{L}_$][\p{L}\p{N}_$-]*)|\[\s*(?:(\*)|(-?\d+)|'([^']*)'|"([^"]*)")\s*\])/u;

/** Throws an Error with what is wrong. */
export function parseJsonPath(text: string): JsonPath {
  const parts = partsOf(text.trim());
  return (value) => parts.reduce<unknown[]>((values, part) => values.flatMap((each) => follow(part, each)), [value]);
}

function partsOf(text: string): Part[] {
  if (text === "") throw new Error("the path is empty");
  const parts: Part[] = [];
  let rest = text.startsWith("$") ? text.slice(1) : text;
  while (rest !== "") {
    const match = TOKEN.exec(rest);
    if (match === null) {
      const understood = "names, [n], ['name'], [*] and .. are understood; filters, slices and scripts are not";
      throw new Error(`${JSON.stringify(rest)} is not understood in ${JSON.stringify(text)}: ${understood}`);
    }
    parts.push(partOf(match));
    rest = rest.slice(match[0].length);
  }
  if (parts.at(-1)?.kind === "descend") throw new Error(`${JSON.stringify(text)} ends in ..`);
  return parts;
}

function partOf([token, bare, , index, quoted, doubleQuoted]: RegExpExecArray): Part {
  if (token === "..") return { kind: "descend" };
  if (index !== undefined) return { kind: "index", index: Number(index) };
  const name = bare ?? quoted ?? doubleQuoted;
  return name === undefined ? { kind: "all" } : { kind: "name", name };
}

function follow(part: Part, value: unknown): unknown[] {
  if (part.kind === "descend") return [value, ...childrenOf(value).flatMap((child) => follow(part, child))];
  if (part.kind === "all") return childrenOf(value);
  if (part.kind === "index") {
    const found = Array.isArray(value) ? value.at(part.index) : undefined;
    return found === undefined ? [] : [found];
  }
  const isThere =
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, part.name);
  return isThere ? [(value as Record<string, unknown>)[part.name]] : [];
}

function childrenOf(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}
