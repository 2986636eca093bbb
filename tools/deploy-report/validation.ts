// The result of `wowsim validate` as a report, which looks like that of a deploy.
//
//   htmlReport(validationView(result))

import { reportOf } from "../../server/protocol/deploy-validation.ts";
import type { ValidationResult, ValidationVerdict } from "../../server/protocol/validation.ts";
import type { DeployView, Tone } from "./view.ts";
import { checkOf, termOf, timeInWords } from "./view.ts";

const VERDICTS: Readonly<Record<ValidationVerdict, readonly [Tone, string]>> = {
  pass: ["good", "Pass"],
  fail: ["bad", "Fail"],
  inconclusive: ["open", "Inconclusive"],
};

export function validationView(result: ValidationResult): DeployView {
  const { candidate, incumbents, zones, ticks, equal, seconds, reason, interrupted, problems } = result;
  const [tone, verdict] = VERDICTS[result.verdict];
  const { terms = [], checks } = reportOf(result);
  const ran = zones.map(({ zone, fromTick, toTick }) => `zone ${zone}, ticks ${fromTick} to ${toTick}`).join("; ");
  const facts = [
    { name: "candidate", value: `${candidate.label} ${candidate.module}` },
    { name: "incumbent", value: incumbents.map(({ module, label }) => `${label} ${module}`).join(", ") },
    { name: "run by both", value: ran },
    { name: "equal", value: `${equal} of ${ticks} ticks` },
    { name: "took", value: `${timeInWords(seconds * 1_000)}${interrupted ? ", interrupted" : ""}` },
    { name: "problems", value: problems.join(" ") },
  ];
  return {
    tone,
    verdict,
    reason,
    title: `validation of ${candidate.label} (${candidate.module})`,
    facts: facts.filter(({ value }) => value !== ""),
    stages: [],
    behaviour: terms.length === 0 ? [] : [{ stage: "by the journal", rows: terms.map(termOf) }],
    checks: checks.length === 0 ? [] : [{ stage: "by the journal", rows: checks.map(checkOf) }],
    plots: [],
    lost: 0,
    expect: "",
    policy: "",
  };
}
