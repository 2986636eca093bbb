// The part of Prometheus' text format that a /metrics page needs: a name, labels, a value.
//
//   parsePrometheus('wowsim_zone_state{zone="1",state="ACTIVE"} 1\n')
//   // [{ name: "wowsim_zone_state", labels: { zone: "1", state: "ACTIVE" }, value: 1 }]

import { printable } from "../../server/protocol/printable.ts";

export interface PrometheusSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Record<string, string> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** Lines that are not samples are left out. */
export function parsePrometheus(page: string): PrometheusSample[] {
  return page.split("\n").flatMap((line) => {
    const match = SAMPLE.exec(line);
    if (match === null) return [];
    const [, name = "", labels = "", value = ""] = match;
    return [{ name, labels: labelsOf(labels), value: numberOf(value) }];
  });
}

function labelsOf(text: string): Record<string, string> {
  const labels = [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [
    name,
    printable(value.replaceAll(/\\[n"\\]/g, (escape) => ESCAPES[escape] ?? escape)),
  ]);
  return Object.fromEntries(labels);
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
