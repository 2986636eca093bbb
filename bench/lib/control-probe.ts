// The main side of control-probe-worker.ts: how fast the control channel answers while something else goes on.
//
//   const probe = startControlProbe(server.ports.control, "calm")
//   probe.mark("zone-trap")
//   const { answers, failures } = await probe.stop()    // [{ mark: "calm", count: 950, msP50: 0.2, msP99: 1.1, msMax: 4.0 }, ...]

import type { ProbeOrder, ProbeReport } from "./control-probe-worker.ts";
import type { Measured } from "../../tools/analysis/measured.ts";
import { greatestOf, quantile } from "../../server/testing/statistics.ts";

export interface ProbedAnswers {
  mark: string;
  count: number;
  msP50: Measured;
  msP99: Measured;
  msMax: Measured;
}

export interface ControlProbe {
  /** What is measured from now on counts under this name. */
  mark(name: string): void;
  stop(): Promise<{ answers: ProbedAnswers[]; failures: string[] }>;
}

export function startControlProbe(port: number, name: string): ControlProbe {
  const worker = new Worker(new URL("./control-probe-worker.ts", import.meta.url).href);
  const order = (message: ProbeOrder): void => worker.postMessage(message);
  order({ ask: "start", port, name });
  return {
    mark: (next) => order({ ask: "mark", name: next }),
    async stop() {
      const { promise, resolve, reject } = Promise.withResolvers<ProbeReport>();
      worker.addEventListener("message", ({ data }) => resolve(data as ProbeReport));
      worker.addEventListener("error", (event) => reject(new Error(`The control probe failed: ${event.message}`)));
      order({ ask: "stop" });
      const { times, failures } = await promise;
      worker.terminate();
      return { answers: Object.entries(times).map(([mark, ms]) => summary(mark, ms)), failures };
    },
  };
}

function summary(mark: string, ms: number[]): ProbedAnswers {
  return { mark, count: ms.length, msP50: quantile(ms, 0.5), msP99: quantile(ms, 0.99), msMax: greatestOf(ms) };
}
