// How much something may change from the running module to a candidate, as a person writes it.
//
//   parseChange("+10..15 %")     // { kind: "share", from: 0.1, to: 0.15 }
//   parseChange("-5 %")          // -6 to -4 %: without "±", one percentage point to each side is allowed
//   parseChange("-5 ±0.5 %")     // -5.5 to -4.5 %
//   parseChange("appears")       // there was none, and now there is
//   parseChange("10 %")          // '"10 %" has no sign: "+10 %" or "-10 %"'

import { didYouMean } from "./did-you-mean.ts";

export type ExpectedChange =
  /** The candidate's sum over the running module's, less 1: from 0.1 to 0.15 is "+10..15 %". */
  | { kind: "share"; from: number; to: number }
  /** `any`: it differs, however. `equal`: it does not differ; an exception to a wider expectation. */
  | { kind: "appears" | "disappears" | "any" | "equal" };

/** What both modules did. */
export interface Sums {
  incumbent: number;
  candidate: number;
  /** They are the same in each tick; equal sums alone do not say so. */
  isEqual: boolean;
}

/** Percentage points to each side of a single share. */
export const TOLERANCE_DEFAULT = 1;

const WORDS = ["appears", "disappears", "any", "equal"] as const;
export const CHANGE_FORMS = `"+10..15 %", "-5 %" (±${TOLERANCE_DEFAULT} %), "-5 ±0.5 %", ${WORDS.map((word) => `"${word}"`).join(", ")}`;

const NUMBER = String.raw`\d{1,9}(?:\.\d{1,6})?`;
const SHARE = new RegExp(
  String.raw`^(?<sign>[+-]?)(?<from>${NUMBER})(?:\s*(?:±|\+-)\s*(?<margin>${NUMBER})|\s*\.\.\s*(?<sign2>[+-]?)(?<to>${NUMBER}))?\s*(?<unit>%?)$`,
);
/** Sums are integers or floats of the game; a share of exactly 10 % must not fail by a rounding of the division. */
const ROUNDING = 1e-9;

/** The change, or what is wrong with the text. */
export function parseChange(text: string): ExpectedChange | string {
  const word = WORDS.find((known) => known === text.trim());
  if (word !== undefined) return { kind: word };
  const parts = SHARE.exec(text.trim().replaceAll("−", "-"))?.groups;
  const quoted = JSON.stringify(text);
  if (parts === undefined) return `${quoted} is no change: write ${CHANGE_FORMS}.${didYouMean(text.trim(), WORDS)}`;
  const { sign = "", from = "", margin, sign2 = "", to, unit = "" } = parts;
  if (unit === "") return `${quoted} has no unit: a change is a share in %, such as "+10..15 %"`;
  if (sign === "") return `${quoted} has no sign: "+${from} %" or "-${from} %"`;
  const first = signed(sign, from);
  if (to === undefined) {
    const tolerance = margin === undefined ? TOLERANCE_DEFAULT : Number(margin);
    return checked(quoted, first - tolerance, first + tolerance);
  }
  if (sign === "-" && sign2 === "") {
    return `${quoted} can be read in two ways: write "-${to}..-${from} %" or "-${from}..+${to} %"`;
  }
  return checked(quoted, first, signed(sign2 === "" ? sign : sign2, to));
}

function signed(sign: string, digits: string): number {
  return sign === "-" ? -Number(digits) : Number(digits);
}

function checked(quoted: string, from: number, to: number): ExpectedChange | string {
  if (from > to) return `${quoted} goes from more to less: the smaller number comes first`;
  if (to <= -100) return `${quoted} leaves nothing: write "disappears"`;
  return { kind: "share", from: from / 100, to: to / 100 };
}

/** As in a file: "+10..15 %", "appears". */
export function changeInWords(change: ExpectedChange): string {
  if (change.kind !== "share") return change.kind;
  const [from, to] = [percent(change.from), percent(change.to)];
  const bothUp = change.from > 0 && change.to > 0;
  return `${from}..${bothUp ? to.slice(1) : to} %`;
}

/** "+12.1 %", "appears", "disappears"; "equal" when nothing differs. */
export function differenceInWords({ incumbent, candidate, isEqual }: Sums): string {
  if (isEqual) return "equal";
  if (incumbent === 0 && candidate !== 0) return "appears";
  if (candidate === 0 && incumbent !== 0) return "disappears";
  return incumbent === candidate ? "equal sums" : `${percent(candidate / incumbent - 1)} %`;
}

/** Whether what happened is what was expected. Sums that are no numbers never are. */
export function isAsExpected(change: ExpectedChange, { incumbent, candidate, isEqual }: Sums): boolean {
  if (!Number.isFinite(incumbent) || !Number.isFinite(candidate)) return false;
  switch (change.kind) {
    case "any":
      return !isEqual;
    case "equal":
      return isEqual;
    case "appears":
      return incumbent === 0 && candidate !== 0;
    case "disappears":
      return incumbent !== 0 && candidate === 0;
    case "share": {
      if (incumbent === 0) return candidate === 0 && change.from <= 0 && change.to >= 0;
      const share = candidate / incumbent - 1;
      return share >= change.from - ROUNDING && share <= change.to + ROUNDING;
    }
  }
}

/** A share as signed percent without the unit: "+12.1", "-5", "+0". */
function percent(share: number): string {
  const value = share * 100;
  const digits = Math.abs(value) < 1 ? 2 : 1;
  const text = String(Number(Math.abs(value).toFixed(digits)));
  return `${value < 0 ? "-" : "+"}${text}`;
}
