// The promotion by hand of what is on trial: a deploy of its own, in the place of the one that tries it.

import { describe, expect, test } from "bun:test";
import { A, BASE, code, gateBench as bench, told, wish } from "../../helpers/deploy-gate.ts";

/** A module on trial, whose tool has told the verdict, if any. */
const trial = async (conclusion?: string) => {
  const { zones, ...rest } = await bench();
  const deploy = rest.gate.begin({ ...wish, expect: "[[expect]]" });
  [zones.phase, zones.hash] = ["canary", A];
  const text = "behaviour: fail: damage of swings +1 %";
  if (conclusion !== undefined)
    rest.gate.stage(deploy, { ...told, stage: "verdict", ok: false, text, data: { conclusion } });
  return { zones, deploy, ...rest };
};

describe("what is on trial can be promoted by hand", () => {
  test("as a deploy of its own; the tool that tried it is told that its deploy is over, and nothing goes back", async () => {
    for (const conclusion of [undefined, "inconclusive"]) {
      const { gate, zones, records, deploy, ask, emitter } = await trial(conclusion);
      const answer = await ask({ command: "deploy_adopt", by: "bob@desk" });
      expect(answer).toEqual({ success: true, command: "deploy_adopt", deploy: 2, hash: A, label: "", zones: [1, 2] });
      expect(zones.asked).toEqual([]);
      expect(() => gate.alive(deploy)).toThrow("Deploy 1 is over: abandoned (taken over by bob@desk, to be promoted).");
      expect(code(() => gate.maySwap(A, deploy))).toBe("deploy_aborted");
      expect(code(() => gate.maySwap(A, 2))).toBe("none");
      expect((await records.show(2)).expect).toBe("[[expect]]");
      expect(emitter.messages("Deploy begun").at(-1)?.data).toMatchObject({ deploy: 2, hash: A });
      zones.phase = "steady";
      gate.end(2, "promoted", "promoted by hand");
      expect(records.summary(2)).toMatchObject({ by: "bob@desk", outcome: "promoted", reason: "promoted by hand" });
    }
  });

  test("also without a deploy that has tried it, and not when nothing is on trial, or a zone does something else", async () => {
    const { gate, zones } = await bench();
    expect(code(() => gate.adopt("bob@desk", "now"))).toBe("no_canary");
    [zones.phase, zones.hash] = ["promoting", A];
    expect(code(() => gate.adopt("bob@desk", "now"))).toBe("deploy_busy");
    zones.phase = "canary";
    expect(gate.adopt("bob@desk", "")).toMatchObject({ deploy: 1, hash: A });
    gate.end(1, "promoted", "");
  });

  test("but for what failed, or while something speaks against a deploy, only by force", async () => {
    const { gate, deploy, zones } = await trial("failed");
    expect(() => gate.adopt("bob@desk", "")).toThrow(`${A} failed its trial: behaviour: fail: damage of swings +1 %.`);
    expect(code(() => gate.adopt("bob@desk", ""))).toBe("verdict_failed");
    expect(code(() => gate.alive(deploy))).toBe("none");
    expect(gate.adopt("bob@desk", "the verdict is wrong")).toMatchObject({ deploy: 2 });
    gate.end(2, "rolled_back", "");
    zones.phase = "steady";

    const other = await trial();
    await other.gate.setFrozen(true, "anna@desk", "raid night");
    expect(code(() => other.gate.adopt("bob@desk", ""))).toBe("deploy_frozen");
    expect(code(() => other.gate.maySwap(A, other.gate.adopt("bob@desk", "now").deploy))).toBe("none");
    const third = await trial();
    third.incidents.push("Zone 2 is DOWN.");
    expect(code(() => third.gate.adopt("bob@desk", ""))).toBe("incident_open");
    third.incidents.pop();
    third.note("rolled_back", A, BASE, "kernel time ×3");
    expect(code(() => third.gate.adopt("bob@desk", ""))).toBe("module_refused_before");
  });
});
