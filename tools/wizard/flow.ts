// The wizard's flow, from an empty machine to a repaired server: the order of its steps, which are defined in other files.

import { faultStep, guessStep, strengthStep, tellStep, watchStep, zoneStep } from "./breaking.ts";
import { badHotfixStep, goodHotfixStep, mendStep, saveStep, summaryStep } from "./mending.ts";
import { healthyStep, playersStep, serverStep, whereStep } from "./opening.ts";
import type { WizardState } from "./state.ts";
import type { WizardStep } from "./wizard.ts";

export const FLOW: readonly WizardStep<WizardState>[] = [
  serverStep,
  whereStep,
  playersStep,
  healthyStep,
  faultStep,
  strengthStep,
  zoneStep,
  watchStep,
  guessStep,
  tellStep,
  mendStep,
  badHotfixStep,
  goodHotfixStep,
  summaryStep,
  saveStep,
];
