// One player's link breaks: the first time anybody is connected, a seeded choice among the sessions of the target zones
// has its socket closed. Once an activation; afterwards the fault stays listed, with affected 1, until it is removed or
// its time is up, so that whoever asks later still sees what it did.

import { z } from "zod";
import { defineFault } from "./fault.ts";

export const sessionCrash = defineFault({
  id: "session-crash",
  title: "force-closes one player's socket, once",
  family: "connection",
  mode: "tick_scoped",
  effects: ["sessions_closed"],
  params: z.strictObject({}),
  main(context) {
    let isDone = false;
    return {
      ambient() {
        if (isDone) return;
        const connected = context.sessions().filter((session) => session.connected);
        const victim = connected[Math.floor(context.random() * connected.length)];
        if (victim === undefined) return;
        isDone = true;
        if (!context.strikes()) return;
        context.crash(victim);
        context.affected();
      },
    };
  },
});
