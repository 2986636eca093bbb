// How the demo writes numbers and places.

import { shown } from "../analysis/measures.ts";

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

export const ms = (value: number): string => `${shown(value)} ms`;

/** "×4.2"; "-" where there is nothing to compare. */
export const times = (after: number, before: number): string =>
  before > 0 && Number.isFinite(after) ? `×${(after / before).toFixed(1)}` : "-";

export const percent = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : "-");
