// The files that a report can be written to, by how their names end.

import { extname } from "node:path";
import { InvalidArgumentError } from "commander";

const KINDS = [".html", ".htm", ".md", ".markdown"];

/** An argument parser for such a file. */
export function parseReportFile(file: string): string {
  if (KINDS.includes(extname(file).toLowerCase())) return file;
  throw new InvalidArgumentError(`Give a file that ends in ${KINDS.join(", ")}.`);
}
