// The demo's format of numbers and places.

import { measured, ratio } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { shown } from "../analysis/measures.ts";

export const seconds = (ms: Measured): string => (ms === null ? "unknown" : `${(ms / 1_000).toFixed(1)} s`);

export const ms = (value: Measured): string => `${shown(value)} ms`;

/** "×4.2"; "-" when a value is missing, or `before` is 0. */
export const times = (after: Measured, before: Measured): string => {
  const share = ratio(after, before);
  return share === null ? "-" : `×${share.toFixed(1)}`;
};

export const percent = (share: Measured): string => {
  const known = measured(share);
  return known === null ? "-" : `${(known * 100).toFixed(0)} %`;
};
