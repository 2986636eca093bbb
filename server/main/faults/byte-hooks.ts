// The bytes between a session and the server, passed through every active fault that has a hook on them, in order of the
// list of faults. None has one most of the time, and then the gateway is told so and calls nothing.

import type { Activation } from "./activation.ts";
import type { ByteHook } from "../../shared/fault-targets.ts";

export function hasByteHooks({ hooks }: Activation): boolean {
  return hooks.ingress !== undefined || hooks.egress !== undefined;
}

/** All active hooks of one direction in a row, each for sessions in its target zones only; null when there is none. */
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
