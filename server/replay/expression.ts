// The conditions of `wowsim replay --until`: comparisons of numbers of entities and of the zone. An expression becomes a tree of
// plain functions, and nothing in it can call or name anything but what is listed here.
//
//   const holds = parseCondition("player(12).health <= 0 and not creature(1000001).alive")
//   holds(scene)          // true or false
//
//   or, ||  and, &&  not, !  < <= == != >= >  + - * / %  ( )      loosest first
//
// A value of an entity that is not in the zone is nothing: each comparison with it is false, and so is each yes-or-no field.

import { didYouMean } from "../protocol/did-you-mean.ts";
import { tokensOf, wrong } from "./tokens.ts";
import type { Token } from "./tokens.ts";

/** Kinds of entities by which an expression can name one. */
const ENTITY_ID_MAX = 0xffff_ffff;
export const ENTITY_KINDS = ["player", "creature", "entity"] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

export const NUMBER_FIELDS = [
  "health",
  "max_health",
  "power",
  "max_power",
  "level",
  "x",
  "y",
  "z",
  "target",
  "casting",
  "auras",
] as const;
export const FLAG_FIELDS = ["here", "alive", "dead", "in_combat", "evading", "ghost", "moving"] as const;
export const ZONE_FIELDS = ["tick", "players", "creatures"] as const;
export type NumberField = (typeof NUMBER_FIELDS)[number];
export type FlagField = (typeof FLAG_FIELDS)[number];
export type ZoneField = (typeof ZONE_FIELDS)[number];

/** What an expression can see: a zone after a tick. */
export interface Scene {
  /** NaN when no such entity is in the zone. */
  number(kind: EntityKind, id: number, field: NumberField): number;
  /** False when no such entity is in the zone. */
  flag(kind: EntityKind, id: number, field: FlagField): boolean;
  zone(field: ZoneField): number;
}

export type Condition = (scene: Scene) => boolean;
type Numeric = (scene: Scene) => number;

/** A part of the expression, and where it begins. */
type Part = { at: number } & ({ is: "number"; value: Numeric } | { is: "flag"; value: Condition });

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b && !Number.isNaN(a) && !Number.isNaN(b),
};
const SUMS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
};
const PRODUCTS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};
/** How deep parentheses and `not` may be nested. */
const DEPTH_MAX = 50;

/** Throws WowsimError("usage") with the place of the mistake. */
export function parseCondition(text: string): Condition {
  return new Parser(text).condition();
}

class Parser {
  readonly #text: string;
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  condition(): Condition {
    const whole = this.#or();
    if (this.#token.kind !== "end") throw this.#wrong(`${shown(this.#token)} is not expected here`);
    return this.#flag(whole, "a condition is true or false");
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", at: this.#text.length };
  }

  /** Takes the next token if it is one of these. */
  #take(...texts: string[]): Token | null {
    const token = this.#token;
    if (token.kind === "number" || token.kind === "end" || !texts.includes(token.text)) return null;
    this.#next++;
    return token;
  }

  #expect(text: string): void {
    if (this.#take(text) === null)
      throw this.#wrong(`"${text}" is missing${this.#token.kind === "end" ? "" : ` before ${shown(this.#token)}`}`);
  }

  #or(): Part {
    if (++this.#depth > DEPTH_MAX) throw this.#wrong(`it is nested more than ${DEPTH_MAX} deep`);
    let left = this.#and();
    while (this.#take("or", "||") !== null) {
      const [one, other] = [this.#flag(left, "or joins conditions"), this.#flag(this.#and(), "or joins conditions")];
      left = { is: "flag", at: left.at, value: (scene) => one(scene) || other(scene) };
    }
    this.#depth--;
    return left;
  }

  #and(): Part {
    let left = this.#not();
    while (this.#take("and", "&&") !== null) {
      const [one, other] = [this.#flag(left, "and joins conditions"), this.#flag(this.#not(), "and joins conditions")];
      left = { is: "flag", at: left.at, value: (scene) => one(scene) && other(scene) };
    }
    return left;
  }

  #not(): Part {
    const not = this.#take("not", "!");
    if (not === null) return this.#comparison();
    if (++this.#depth > DEPTH_MAX) throw this.#wrong(`it is nested more than ${DEPTH_MAX} deep`);
    const inner = this.#flag(this.#not(), "not turns a condition around");
    this.#depth--;
    return { is: "flag", at: not.at, value: (scene) => !inner(scene) };
  }

  #comparison(): Part {
    const left = this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#sign()));
    const sign = this.#take(...Object.keys(COMPARISONS));
    if (sign === null) return left;
    const compare = COMPARISONS[sign.text];
    const right = this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#sign()));
    const what = `${sign.text} compares numbers`;
    const [one, other] = [this.#number(left, what), this.#number(right, what)];
    if (compare === undefined) throw this.#wrong(`${shown(sign)} is not expected here`);
    return { is: "flag", at: left.at, value: (scene) => compare(one(scene), other(scene)) };
  }

  /** Parts joined by signs of one rank, from left to right. */
  #chain(signs: Readonly<Record<string, (a: number, b: number) => number>>, part: () => Part): Part {
    let left = part();
    for (let sign = this.#take(...Object.keys(signs)); sign !== null; sign = this.#take(...Object.keys(signs))) {
      const apply = signs[sign.text];
      const what = `${sign.text} needs numbers`;
      const [one, other] = [this.#number(left, what), this.#number(part(), what)];
      if (apply === undefined) throw this.#wrong(`${shown(sign)} is not expected here`);
      left = { is: "number", at: left.at, value: (scene) => apply(one(scene), other(scene)) };
    }
    return left;
  }

  #sign(): Part {
    const minus = this.#take("-");
    if (minus === null) return this.#value();
    const inner = this.#number(this.#value(), "- needs a number");
    return { is: "number", at: minus.at, value: (scene) => -inner(scene) };
  }

  #value(): Part {
    const token = this.#token;
    if (this.#take("(") !== null) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    if (token.kind === "number") {
      this.#next++;
      const number = Number(token.text);
      return { is: "number", at: token.at, value: () => number };
    }
    if (token.kind !== "word")
      throw this.#wrong(`a value is missing${token.kind === "end" ? "" : ` before ${shown(token)}`}`);
    this.#next++;
    const field = ZONE_FIELDS.find((name) => name === token.text);
    if (field !== undefined) return { is: "number", at: token.at, value: (scene) => scene.zone(field) };
    const kind = ENTITY_KINDS.find((name) => name === token.text);
    if (kind !== undefined) return this.#entity(kind, token);
    const known = [...ENTITY_KINDS.map((name) => `${name}(ID)`), ...ZONE_FIELDS];
    throw wrong(this.#text, token.at, `nothing has the name ${token.text}; there are ${known.join(", ")}`);
  }

  #entity(kind: EntityKind, { at }: Token): Part {
    this.#expect("(");
    const given = this.#number(this.#or(), `${kind}(ID) needs a number`);
    const id = (scene: Scene): number => this.#idOf(given(scene), at);
    this.#expect(")");
    this.#expect(".");
    const token = this.#token;
    this.#next++;
    const number = NUMBER_FIELDS.find((name) => name === token.text);
    if (number !== undefined) return { is: "number", at, value: (scene) => scene.number(kind, id(scene), number) };
    const flag = FLAG_FIELDS.find((name) => name === token.text);
    if (flag !== undefined) return { is: "flag", at, value: (scene) => scene.flag(kind, id(scene), flag) };
    const known = [...NUMBER_FIELDS, ...FLAG_FIELDS];
    const advice = didYouMean(token.text, known);
    const what = token.kind === "word" ? `no entity has the field ${token.text}` : "the name of a field is missing";
    throw wrong(this.#text, token.at, `${what}.${advice} There are ${known.join(", ")}`);
  }

  /** An id that no entity can have is a mistake, not an entity that is never there. */
  #idOf(id: number, at: number): number {
    if (Number.isInteger(id) && id >= 1 && id <= ENTITY_ID_MAX) return id;
    throw wrong(this.#text, at, `an entity's id is a whole number from 1 to ${ENTITY_ID_MAX}, and this is ${id}`);
  }

  #number(part: Part, why: string): Numeric {
    if (part.is === "number") return part.value;
    throw wrong(this.#text, part.at, `${why}, and this is true or false`);
  }

  #flag(part: Part, why: string): Condition {
    if (part.is === "flag") return part.value;
    throw wrong(this.#text, part.at, `${why}, and this is a number; compare it, as in player(12).health <= 0`);
  }

  #wrong(what: string): Error {
    return wrong(this.#text, this.#token.at, what);
  }
}

function shown({ kind, text }: Token): string {
  return kind === "end" ? "the end" : `"${text}"`;
}
