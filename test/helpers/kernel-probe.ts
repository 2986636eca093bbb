// The kernel's inner functions, callable from a test: compiled from the same sources, with an entry that exports them too.
//
//   const probe = await openProbe()
//   probe.call("armorShare", 1_000, 10)   // 0.444...

import { compileCached, readSources, sourceNamed } from "../../assembly/toolchain/build.ts";
import { readModule } from "../../assembly/toolchain/binary.ts";

/** What is exported beside the kernel's own, by file. */
const PROBED: Record<string, string[]> = {
  "attack-table": ["swingBand", "spellMiss", "rollSwing", "rollSpell", "glancingLeast", "glancingMost"],
  mitigation: ["armorShare", "throughArmor", "resistShare", "throughResistance", "resistsWholly"],
  experience: ["killWorth", "levelCost"],
  random: ["seedRandom", "randomU32", "randomBelow", "randomBetween", "randomSigned"],
  "proximity-aggro": ["aggroRadius"],
};

export interface Probe {
  call(name: string, ...args: number[]): number;
  /** How often each result came out of so many calls. */
  tally(times: number, name: string, ...args: number[]): Map<number, number>;
}

export async function openProbe(): Promise<Probe> {
  const sources = await readSources();
  const lines = Object.entries(PROBED).map(
    ([file, names]) => `export { ${names.join(", ")} } from "./${sourceNamed(sources, `${file}.ts`).slice(0, -3)}";`,
  );
  sources.set("index.ts", `${sources.get("index.ts")}\n${lines.join("\n")}\n`);
  const wasm = await compileCached(sources);
  const { memory: limits } = readModule(wasm);
  const pages = limits?.initial ?? 0;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(new Uint8Array(wasm));
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const functionOf = (name: string): ((...args: number[]) => number) => {
    const found = exports[name];
    if (typeof found !== "function") throw new Error(`The probe has no ${name}; add it to PROBED.`);
    return found as (...args: number[]) => number;
  };
  functionOf("init")(1, 1, 20);
  return {
    call: (name, ...args) => functionOf(name)(...args),
    tally(times, name, ...args) {
      const counts = new Map<number, number>();
      const probed = functionOf(name);
      for (let done = 0; done < times; done++) {
        const result = probed(...args);
        counts.set(result, (counts.get(result) ?? 0) + 1);
      }
      return counts;
    },
  };
}

function abort(): never {
  throw new Error("The probe aborted.");
}

/** Pearson's chi-square of counts against expected shares (of 1). */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, index) => {
    const expected = total * (shares[index] ?? 0);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** 99.9 % points of the chi-square distribution by degrees of freedom, from any table of it. */
export const CHI_SQUARE_999: Record<number, number> = {
  1: 10.83,
  2: 13.82,
  3: 16.27,
  4: 18.47,
  5: 20.52,
  6: 22.46,
  7: 24.32,
  8: 26.12,
  9: 27.88,
  15: 37.7,
};
