// Those of one address have their tokens looked at one after the other, each after the delay that the wrong ones before it
// have earned (net/wrong-tokens.ts). So opening more connections buys no more guesses. An operator behind the same
// address waits for as many delays as there are others in the line; one whose place is taken meanwhile has to come again.

import { addressKey } from "../../shared/address.ts";
import type { WrongTokens } from "../../shared/wrong-tokens.ts";

/** How soon it is noticed that whoever is next has gone. */
const LOOK_MS_MAX = 50;

export class TokenLine {
  readonly #guesses: WrongTokens;
  readonly #lines = new Map<string, Promise<void>>();

  constructor(guesses: WrongTokens) {
    this.#guesses = guesses;
  }

  /** Calls `look` when it is this one's turn; not at all when it `isGone` by then. */
  async turn(address: string, isGone: () => boolean, look: () => void): Promise<void> {
    const key = addressKey(address);
    const before = this.#lines.get(key);
    if (before === undefined && this.#guesses.waitMs(address) === 0) return look();
    const turn = (before ?? Promise.resolve()).then(() => this.#wait(address, isGone)).then(() => look());
    const settled = turn.catch(() => undefined);
    this.#lines.set(key, settled);
    try {
      await turn;
    } finally {
      if (this.#lines.get(key) === settled) this.#lines.delete(key);
    }
  }

  async #wait(address: string, isGone: () => boolean): Promise<void> {
    for (let ms = this.#guesses.waitMs(address); ms > 0 && !isGone(); ms = this.#guesses.waitMs(address))
      await Bun.sleep(Math.min(ms, LOOK_MS_MAX));
  }
}
