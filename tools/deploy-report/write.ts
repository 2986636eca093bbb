// Writes the report of a deploy to a file, as its name says: .html, or .md.
//
//   await writeReport("report.html", viewOf(record))

import { extname } from "node:path";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { htmlReport } from "./html.ts";
import { markdownReport } from "./markdown.ts";
import type { DeployView } from "./view.ts";

/** Throws WowsimError("report_file"). */
export async function writeReport(file: string, view: DeployView): Promise<void> {
  const text = extname(file).toLowerCase().startsWith(".m") ? markdownReport(view) : htmlReport(view);
  try {
    await Bun.write(file, text);
  } catch (cause) {
    const message = `${file} can not be written (${messageOf(cause)}); choose another with --report.`;
    throw new WowsimError("report_file", message, { cause });
  }
}
