// What the dashboard can be asked to do in the world, as data: the outcome of keys, clicks and dialogs. Carried out by
// actions.ts.

import type { ActivateRequest } from "../client/fault-leases.ts";

export type Effect =
  | { kind: "activate"; request: ActivateRequest }
  | { kind: "deactivate"; faultId: string }
  | { kind: "deactivate_all" }
  /** Kill switch, and its end. */
  | { kind: "halt" }
  | { kind: "resume" }
  | { kind: "spawn"; players: number; zoneId: number; durationS: number | null }
  | { kind: "despawn" }
  | { kind: "deploy"; candidate: string; zoneId: number; watchS: number }
  /** Ends the deploy that runs here; what it swapped goes back. */
  | { kind: "abort_deploy" }
  /** 0: every zone that has something to go back to. */
  | { kind: "rollback"; zoneId: number }
  | { kind: "repaint" }
  /** To the shell, until it is brought back. */
  | { kind: "suspend" }
  | { kind: "quit" };
