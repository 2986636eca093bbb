// The next message of a client of the earlier simulator, at random: of ten messages five are steps, three casts, two attacks;
// two messages a second. It reads no answers, so it does not know whether it casts or where it really stands.
//
//   const walk = new OldWalk(random)
//   chooseOldMessage(random)    // { kind: "cast", spellId: 201, castTicks: 30 }, { kind: "movement" }, { kind: "attack" }
//   walk.step()                 // { x: 3.2, y: -4.9, z: 0 }: up to 5 yd from the previous point, from (0, 0, 0)

/** Its spells, all equally likely, with the cast time that it sends. */
export const OLD_SPELLS: readonly (readonly [id: number, castTicks: number])[] = [
  [100, 0],
  [101, 0],
  [102, 0],
  [103, 0],
  [200, 30],
  [201, 30],
  [300, 40],
];
/** The one creature that it attacks, wherever that stands. */
export const OLD_TARGET = 1_000_001;
export const OLD_BASE_DAMAGE = 25;
/** Messages a second. */
export const OLD_RATE = 2;
export const OLD_STEP_YD_MAX = 5;

const MOVEMENTS = 0.5;
const CASTS = 0.3;

export type OldMessage =
  { kind: "movement" } | { kind: "attack" } | { kind: "cast"; spellId: number; castTicks: number };

/** The next message; `random` is uniform in [0, 1). */
export function chooseOldMessage(random: () => number): OldMessage {
  const share = random();
  if (share < MOVEMENTS) return { kind: "movement" };
  if (share >= MOVEMENTS + CASTS) return { kind: "attack" };
  const [spellId, castTicks] = OLD_SPELLS[Math.floor(random() * OLD_SPELLS.length)] ?? [100, 0];
  return { kind: "cast", spellId, castTicks };
}

/** The position that it assumes to have. */
export class OldWalk {
  readonly #random: () => number;
  #x = 0;
  #y = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  step(): { x: number; y: number; z: number } {
    this.#x = rounded(this.#x + (this.#random() * 2 - 1) * OLD_STEP_YD_MAX);
    this.#y = rounded(this.#y + (this.#random() * 2 - 1) * OLD_STEP_YD_MAX);
    return { x: this.#x, y: this.#y, z: 0 };
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
