// One phase of the demo: its name, and what it does with the server as the previous phases left it.

import { Demo } from "./context.ts";

export interface Phase {
  title: string;
  question: string;
  run(demo: Demo): Promise<void>;
}
