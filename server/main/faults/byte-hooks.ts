// The bytes between a session and the server pass through every active fault that has a hook on them, in the order of
// the list of faults. Most of the time no fault has a hook; the gateway then gets null and calls nothing.

import type { Activation } from "./activation.ts";
import type { ByteHook } from "../../shared/fault-targets.ts";

export function hasByteHooks({ hooks }: Activation): boolean {
  return hooks.ingress !== undefined || hooks.egress !== undefined;
}

/** All active hooks of one direction in sequence, each only for sessions in its target zones; null when there is none. */
export function byteHook(direction: "ingress" | "egress", active: readonly Activation[]): ByteHook | null {
  const hooked = active.filter(({ hooks }) => hooks[direction] !== undefined);
  if (hooked.length === 0) return null;
  return (session, bytes) => {
    let passed = bytes;
    for (const { hooks, targets } of hooked) {
      if (targets.includes(session.zoneId)) passed = hooks[direction]?.(session, passed) ?? passed;
    }
    return passed;
  };
}
