// A thread that does nothing but ask the control port for a fault's status, twenty milliseconds apart, and keep the times, so
// that what the fuzzing thread is busy with does not count as the server's.
//
//   postMessage({ ask: "start", port })         begins
//   postMessage({ ask: "mark", name: "faults" }) what follows is counted under that name
//   postMessage({ ask: "stop" })                -> { times: { clean: [0.21, ...], faults: [...] }, failures: [] }  ms

import { messageOf } from "../../server/protocol/errors.ts";
import { ControlClient } from "../../tools/client/control-client.ts";

declare const self: Worker;

const INTERVAL_MS = 20;

export type ProbeOrder = { ask: "start"; port: number; name: string } | { ask: "mark"; name: string } | { ask: "stop" };

export interface ProbeReport {
  /** Milliseconds from asking to having the answer, by mark. */
  times: Record<string, number[]>;
  failures: string[];
}

const report: ProbeReport = { times: {}, failures: [] };
const state = { mark: "", isRunning: true };

self.addEventListener("message", ({ data }: MessageEvent<ProbeOrder>) => {
  if (data.ask === "stop") state.isRunning = false;
  else {
    state.mark = data.name;
    report.times[data.name] ??= [];
    if (data.ask === "start") void probe(data.port);
  }
});

async function probe(port: number): Promise<void> {
  let client: ControlClient | null = null;
  while (state.isRunning) {
    const start = performance.now();
    try {
      client ??= await ControlClient.connect({ host: "127.0.0.1", port });
      const answer = await client.request({ command: "status", fault_id: "latency-spike" });
      if (!answer.success) report.failures.push(String(answer.error));
      report.times[state.mark]?.push(performance.now() - start);
    } catch (error) {
      report.failures.push(messageOf(error));
      client = null;
    }
    await Bun.sleep(INTERVAL_MS);
  }
  await client?.[Symbol.asyncDispose]();
  self.postMessage(report);
}
