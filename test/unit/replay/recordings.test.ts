// Recordings that earlier versions of this program made. Today's host must replay them, tick for tick, with the modules in them:
// a change that breaks this breaks the journals of everybody who upgrades.
//
//   wowsim store export --zone 2 --last 20s --out test/golden/recordings/trade-2026-11.wowrec      made them

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { replayIncident } from "../../../server/replay/incident.ts";
import { replay } from "../../../server/replay/replay.ts";
import { openRecording } from "../../../server/store/recording.ts";

const FOLDER = join(import.meta.dir, "../../golden/recordings");
const fileOf = (name: string): { dataDir: string; file: string } => ({ dataDir: "", file: join(FOLDER, name) });

describe("a recording of November 2026", () => {
  test("of people who trade gives every state again", async () => {
    const { zones, problems } = await replay(fileOf("trade-2026-11.wowrec"), {});
    expect(problems).toEqual([]);
    expect(zones).toMatchObject([{ zone: 2, ticks: 467, verified: 467 }]);
  });

  test("of traps and a hotfix gives every state again, with the module that ran it", async () => {
    const modules: string[] = [];
    const { zones, problems } = await replay(fileOf("trap-and-hotfix-2026-11.wowrec"), {
      onEpoch: ({ label }) => void modules.push(label),
    });
    expect(problems).toEqual([]);
    expect(zones).toMatchObject([{ zone: 1, ticks: 1_047, verified: 1_047 }]);
    expect(modules).toEqual(["wowsim 0.1.0", "hotfix.wasm"]);
  });

  test("traps again where it trapped", async () => {
    const { file, dataDir } = fileOf("trap-and-hotfix-2026-11.wowrec");
    const reader = openRecording(file);
    const incidents = reader.events().filter(({ kind }) => kind === "incident");
    reader.close();
    expect(incidents.length).toBe(3);
    for (const { lsn } of incidents) {
      const { same, replayed } = await replayIncident({ dataDir, file }, lsn, {});
      expect(same).toBe(true);
      expect(replayed).toMatchObject({ phase: "commands", op: 96 });
    }
  });
});
