// Problems that zod finds in data of a person's file, as sentences that say where, what, and what is allowed.
//
//   problemsOf(issues, data, placeOf)
//   // ['step 3 "players feel it": assert.measure: is missing',
//   //  'table 2: there is no field "chnage" here; there are what, change, at_least, why.']

import type { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";

/** A place in the data: how it is called, how many parts of the path that covers, and the fields that may stand there. */
export interface Place {
  place: string;
  used: number;
  fields?: readonly string[];
}

/** One sentence for each problem. `placeOf` gives the place of a path in words. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  data: unknown,
  placeOf: (path: readonly PropertyKey[], data: unknown) => Place,
): string[] {
  return issues.flatMap(ofTheRightBranch).map((issue) => {
    const { place, used, fields = [] } = placeOf(issue.path, data);
    const field = issue.path.slice(used).join(".");
    return [place, field, inWords(issue, fields)].filter((part) => part !== "").join(": ");
  });
}

/**
 * For a value with several allowed forms: the problems of the form that was meant, which is the one that matches in its
 * type and as a whole. If no form, or more than one, is that close, the problem is that the value has none of the forms.
 */
function ofTheRightBranch(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors
    .map((branch) => branch.flatMap(ofTheRightBranch))
    .filter((branch) => branch.every(({ path: [key] }) => key !== undefined && key !== "type"));
  const [branch] = meant;
  if (branch === undefined || meant.length > 1) return [issue];
  return branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function inWords(issue: z.core.$ZodIssue, fields: readonly string[]): string {
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
    const [first = ""] = issue.keys;
    const known = fields.length === 0 ? "" : `; there are ${fields.join(", ")}.${didYouMean(first, fields)}`;
    return `there is no field ${keys} here${known}`;
  }
  if (issue.code === "invalid_value") {
    const known = issue.values.map(String);
    const given = typeof issue.input === "string" ? didYouMean(issue.input, known) : "";
    return `${JSON.stringify(issue.input)} is none of ${known.join(", ")}.${given}`;
  }
  if (issue.code === "invalid_type" && issue.input === undefined) return "is missing";
  return issue.message;
}
