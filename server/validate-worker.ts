// Entry of a thread that does tasks of a validation, one after the other (validate/task-threads.ts). The file lies beside main.ts so
// that a one-file build finds it.

import { layoutFrom } from "../assembly/toolchain/load.ts";
import { loadContent } from "./protocol/content/load.ts";
import { messageOf, WowsimError } from "./protocol/errors.ts";
import { openJournal } from "./replay/open-journal.ts";
import { Pause } from "./replay/pause.ts";
import type { FromTaskThread, ToTaskThread } from "./validate/task-threads.ts";
import { TaskRunner } from "./validate/thread-tasks.ts";
import type { Task } from "./validate/thread-tasks.ts";

declare const self: Worker;

const stop = new AbortController();
let runner: (() => TaskRunner) | null = null;
const say = (message: FromTaskThread): void => self.postMessage(message);

self.addEventListener("message", ({ data }: MessageEvent<ToTaskThread>) => {
  if (data.type === "abort") stop.abort();
  else if (data.type === "begin") runner = begun(data);
  else void run(data.task);
});

/** The journal is opened with the first task, so that what is wrong with it is that task's answer. */
function begun({ dataDir, file, kernel }: Extract<ToTaskThread, { type: "begin" }>): () => TaskRunner {
  let made: TaskRunner | null = null;
  return () => {
    const candidate = { ...kernel, layout: layoutFrom(kernel.layout) };
    made ??= new TaskRunner(openJournal({ dataDir, file }), candidate, loadContent());
    return made;
  };
}

async function run(task: Task): Promise<void> {
  try {
    if (runner === null) throw new WowsimError("thread_failed", "A task came before the beginning.");
    const pause = new Pause(TaskRunner.ticksOf(task), stop.signal);
    const onProgress = (share: number, what: string): void => say({ type: "progress", share, what });
    say({ type: "done", findings: await runner().run(task, pause, { onProgress }) });
  } catch (error) {
    const code = error instanceof WowsimError ? error.code : "thread_failed";
    say({ type: "failed", code, message: messageOf(error) });
  }
}
