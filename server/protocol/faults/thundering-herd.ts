// Every player's link breaks in the same tick, as when a switch restarts. New connections are refused for some ticks, so
// that the clients, which all try again, come back in one wave. The fault acts once for each activation.

import { defineFault } from "./fault.ts";

export const thunderingHerd = defineFault({
  id: "thundering-herd",
  title: "drops every player's socket at once; their clients come back together",
  family: "connection",
  mode: "tick_scoped",
  effects: ["sessions_closed", "door_held_ticks"],
  params: {
    reconnect_delay_ticks: {
      min: 0,
      max: 1_200,
      default: 20,
      description: "server ticks until players are let in again",
    },
  },
  main(context, { reconnect_delay_ticks }) {
    let isDone = false;
    return {
      ambient() {
        if (isDone) return;
        const connected = context.sessions().filter((session) => session.connected);
        if (connected.length === 0) return;
        isDone = true;
        context.holdConnections(reconnect_delay_ticks);
        for (const session of connected) {
          if (!context.strikes()) continue;
          context.crash(session);
          context.affected();
        }
      },
    };
  },
});
