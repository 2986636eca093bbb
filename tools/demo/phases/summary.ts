// Phase 6: all players leave, the server stops, and all results are printed once more.

import type { Phase } from "../phase.ts";
import { seconds } from "../words.ts";
import { sum } from "../../analysis/measured.ts";

export const summary: Phase = {
  title: "Summary",
  question: "what did it take, and what did it cost the players?",
  async run(demo) {
    const { narrator, lookout, found, swarms } = demo;
    const lost = lookout.sessionsLost();
    const players = swarms.reduce((all, { clients }) => all + clients.length, 0);
    const drops = swarms.reduce((all, { stats }) => all + stats.drops, 0);
    const errors = swarms.reduce((all, { stats }) => all + stats.protocolErrors, 0);
    const still = demo.playing;
    await narrator.during("everybody leaves", () => demo.disband());
    const stopped = await narrator.during("the server stops", () => demo.server.stop());
    const { refusedMs, late, good } = found;
    narrator.table("What it took", [
      ["to detect the fault", took(found.detectedMs)],
      ["to name its cause", took(found.diagnosis?.tookMs)],
      ["to recover from it", took(found.recoveredMs)],
      ["to refuse the bad hotfix", took(refusedMs)],
      ["to catch the one that shows only in life", took(late?.watchedMs)],
      ["to have it back out, and undone", took(late?.settledMs)],
      ["to promote the good one", took(good && sum([good.watchedMs, good.settledMs]))],
      ["players", `${players}, ${still} of them to the end`],
      ["players dropped", `${drops} by their own count, ${lost} by the server's`],
      ["protocol errors", String(errors)],
    ]);
    demo.claim(
      drops === 0 && lost === 0 && still === players,
      `players dropped: ${drops}; ${still} of ${players} played to the end`,
    );
    demo.claim(errors === 0, `messages that did not fit what a player knew: ${errors}`);
    demo.claim(
      stopped.exitCode === 0 && stopped.isFolderGone,
      `the server stopped in order in ${seconds(stopped.tookMs)} (exit code ${stopped.exitCode}), its folder is ${stopped.isFolderGone ? "gone" : "still there"}`,
    );
  },
};

const took = (ms: number | null | undefined): string =>
  ms === null || ms === undefined ? "it did not happen" : seconds(ms);
