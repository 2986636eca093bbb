// One player's link breaks: as soon as a player is connected in the target zones, the fault closes the socket of one session,
// chosen with the seed. It acts once for each activation. Afterwards it stays listed, with affected 1, until it is removed or
// its time is over, so that a later request still shows its effect.

import { defineFault } from "./fault.ts";

export const sessionCrash = defineFault({
  id: "session-crash",
  title: "force-closes one player's socket, once",
  family: "connection",
  mode: "tick_scoped",
  effects: ["sessions_closed"],
  params: {},
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
