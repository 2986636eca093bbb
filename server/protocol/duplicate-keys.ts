// Finds a key that is twice in one mapping. The parsers of JSON and YAML silently take the second one, so a part of the
// file would be ignored. (The parser of TOML refuses it.)
//
//   duplicateKey("yaml", "a: 1\nb: 2\na: 3\n", parse)      // { key: "a", line: 3, firstLine: 1 }

export interface Duplicate {
  key: string;
  line: number;
  firstLine: number;
}

/** Position of a key in the text, quotes included. */
interface Place {
  at: number;
  length: number;
  key: string;
  /** Position of the first key of that name. */
  firstAt: number;
}

/** The first duplicate key; null when there is none. The text must be valid; `parse` reads it. */
export function duplicateKey(
  format: "json" | "yaml",
  text: string,
  parse: (text: string) => unknown,
): Duplicate | null {
  const place = format === "json" ? inJson(text) : inYaml(text, parse);
  if (place === null) return null;
  return { key: place.key, line: lineOf(text, place.at), firstLine: lineOf(text, place.firstAt) };
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

const JSON_PART = /[{}[\]:]|"(?:[^"\\]|\\.)*"/g;

function inJson(text: string): Place | null {
  /** The keys of each open mapping, and their positions; null: a list. */
  const open: (Map<string, number> | null)[] = [];
  let word: RegExpExecArray | null = null;
  for (const part of text.matchAll(JSON_PART)) {
    const [mark] = part;
    if (mark === "{") open.push(new Map());
    else if (mark === "[") open.push(null);
    else if (mark === "}" || mark === "]") open.pop();
    else if (mark !== ":") word = part;
    else {
      // A string before a colon is a key.
      const keys = open.at(-1);
      if (!keys || word === null) continue;
      const key = JSON.parse(word[0]) as string;
      const firstAt = keys.get(key);
      if (firstAt !== undefined) return { at: word.index, length: word[0].length, key, firstAt };
      keys.set(key, word.index);
    }
  }
  return null;
}

/** Most suspects that are checked: a block string may look like many keys. */
const SUSPECTS_MAX = 10;
const NEW_KEY = "wowsim-renamed-key";

/**
 * A suspect is a duplicate key if the text has one key more after the suspect is renamed. So words in a string or a
 * comment never count as keys.
 */
function inYaml(text: string, parse: (text: string) => unknown): Place | null {
  const before = keysIn(parse(text));
  const suspects = [...blockSuspects(text), ...flowSuspects(text)].toSorted((a, b) => a.at - b.at);
  for (const place of suspects.slice(0, SUSPECTS_MAX)) {
    const { at, length } = place;
    try {
      if (keysIn(parse(text.slice(0, at) + NEW_KEY + text.slice(at + length))) > before) return place;
    } catch {
      // With the suspect renamed the text is no YAML, so the suspect was no key.
    }
  }
  return null;
}

/** Keys of all mappings, each counted once however often an alias repeats it. */
function keysIn(value: unknown): number {
  const seen = new Set<object>();
  const left = [value];
  let keys = 0;
  while (left.length > 0) {
    const each = left.pop();
    if (typeof each !== "object" || each === null || seen.has(each)) continue;
    seen.add(each);
    const inner = Object.values(each);
    if (!Array.isArray(each)) keys += inner.length;
    for (const one of inner) left.push(one);
  }
  return keys;
}

const KEY = String.raw`"[^"\n]*"|'[^'\n]*'|[^\s#"',:{}[\]-][^"',:{}[\]\n]*?`;
/** A line that begins with a key, after its indentation and the dashes of lists. */
const BLOCK_LINE = new RegExp(String.raw`^([ ]*(?:- +)*)(?:(${KEY})[ ]*:(?:[ \t]|$))?`);
/** A line after which a block string follows. */
const BLOCK_TEXT = /:[ \t]+[|>][-+\d]*[ \t]*(?:#.*)?$/;
const FLOW_KEY = new RegExp(String.raw`[{,]\s*(${KEY})\s*:`, "g");

/** Suspects in block style: equal keys at one indentation, until a line that is indented less or begins a new list entry. */
function blockSuspects(text: string): Place[] {
  const found: Place[] = [];
  let maps: { column: number; keys: Map<string, number> }[] = [];
  let start = 0;
  /** Column of the key of the current block string; null outside of one. */
  let block: number | null = null;
  for (const line of text.split("\n")) {
    if (block !== null && (line.trim() === "" || line.search(/\S/) > block)) {
      start += line.length + 1;
      continue;
    }
    block = null;
    const [, indent = "", word] = BLOCK_LINE.exec(line) ?? [];
    const dash = indent.indexOf("-");
    const isEmpty = line.trim() === "" || line.trimStart().startsWith("#");
    if (!isEmpty) maps = maps.filter(({ column }) => column <= indent.length && (dash < 0 || column <= dash));
    if (word !== undefined) {
      if (BLOCK_TEXT.test(line)) block = indent.length;
      const at = start + indent.length;
      let map = maps.find(({ column }) => column === indent.length);
      if (map === undefined) maps.push((map = { column: indent.length, keys: new Map() }));
      const key = plain(word);
      const firstAt = map.keys.get(key);
      if (firstAt !== undefined && key !== "<<") found.push({ at, length: word.length, key, firstAt });
      else map.keys.set(key, at);
    }
    start += line.length + 1;
  }
  return found;
}

/** Suspects in flow style: equal keys within the same braces, the innermost first. */
function flowSuspects(text: string): Place[] {
  const found: Place[] = [];
  let rest = text;
  for (let hasMore = true; hasMore;) {
    hasMore = false;
    rest = rest.replace(/\{[^{}]*\}/g, (group: string, offset: number) => {
      hasMore = true;
      const keys = new Map<string, number>();
      for (const part of group.matchAll(FLOW_KEY)) {
        const [whole, word = ""] = part;
        const at = offset + part.index + whole.indexOf(word);
        const key = plain(word);
        const firstAt = keys.get(key);
        if (firstAt !== undefined) found.push({ at, length: word.length, key, firstAt });
        else keys.set(key, at);
      }
      return group.replaceAll(/[^\n]/g, " ");
    });
  }
  return found;
}

const plain = (word: string): string => word.replace(/^(["'])(.*)\1$/, "$2");
