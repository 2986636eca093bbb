// The dashboard's effects on the server or the terminal, as data: the outcome of keys, clicks and dialogs. actions.ts
// carries them out.

import type { ActivateRequest } from "../client/fault-leases.ts";

export type Effect =
  | { kind: "activate"; request: ActivateRequest }
  | { kind: "deactivate"; faultId: string }
  | { kind: "deactivate_all" }
  /** The kill switch (halt), and its end. */
  | { kind: "halt" }
  | { kind: "resume" }
  | { kind: "spawn"; players: number; zoneId: number; durationS: number | null }
  | { kind: "despawn" }
  | { kind: "deploy"; candidate: string; zoneId: number; watchS: number }
  /** Aborts the deploy that was started here; the swapped zones go back. */
  | { kind: "abort_deploy" }
  /** 0: every zone that has an earlier kernel to go back to. */
  | { kind: "rollback"; zoneId: number }
  | { kind: "repaint" }
  /** Back to the shell, until the user resumes the program. */
  | { kind: "suspend" }
  | { kind: "quit" };
