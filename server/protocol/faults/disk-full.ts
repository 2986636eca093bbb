// The journal's disk is full: the file can not grow, so commits fail as soon as the free pages in it are used up.

import { defineFault } from "./fault.ts";

export const diskFull = defineFault({
  id: "disk-full",
  title: "lets the journal's file not grow, as on a full disk",
  family: "disk",
  mode: "ambient",
  effects: ["disk_trouble_ticks"],
  params: {},
  targets: () => [],
  main: (context) => ({
    ambient() {
      const strikes = context.strikes();
      context.disk({ stallMs: 0, isFull: strikes });
      if (!strikes) return;
      context.did("disk_trouble_ticks");
      context.affected();
    },
  }),
});
