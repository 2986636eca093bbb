// One part of the demo: what it is called, and what it does with the server that the parts before it have left.

import { Demo } from "./context.ts";

export interface Phase {
  title: string;
  question: string;
  run(demo: Demo): Promise<void>;
}
