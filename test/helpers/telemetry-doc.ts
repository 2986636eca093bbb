// docs/TELEMETRY.md as data: which lines it says there are, with which fields, and which metrics.
//
//   const { kinds, fields, metrics, feedExample } = readTelemetryDoc()
//   kinds.get("metric zone Zone tick completed")     // { when: "exact, ...", required: Set, optional: Set }

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./command.ts";

export interface DocumentedKind {
  when: string;
  required: Set<string>;
  optional: Set<string>;
}

export interface TelemetryDoc {
  kinds: Map<string, DocumentedKind>;
  /** name → "counter", "gauge" or "histogram". */
  metrics: Map<string, string>;
  /** The shell command that follows the feed. */
  feedExample: string;
}

const TYPES = new Set(["metric", "event", "health", "error"]);

export function readTelemetryDoc(): TelemetryDoc {
  const text = readFileSync(join(ROOT, "docs/TELEMETRY.md"), "utf8");
  const kinds = new Map<string, DocumentedKind>();
  const metrics = new Map<string, string>();
  for (const line of text.split("\n").filter((each) => each.startsWith("|"))) {
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [first = "", second = "", third = "", when = "", fields = ""] = cells;
    if (TYPES.has(first) && cells.length === 5) {
      const names = fields === "" ? [] : fields.split(", ");
      kinds.set(`${first} ${second} ${third}`, {
        when,
        required: new Set(names.filter((name) => !name.endsWith("?"))),
        optional: new Set(names.filter((name) => name.endsWith("?")).map((name) => name.slice(0, -1))),
      });
    }
    const metric = /^`(\w+)`$/.exec(first)?.[1];
    if (metric !== undefined && ["counter", "gauge", "histogram"].includes(second)) metrics.set(metric, second);
  }
  const feedExample = /```sh\n(bun -e '[^]*?)```/.exec(text)?.[1] ?? "";
  return { kinds, metrics, feedExample };
}
