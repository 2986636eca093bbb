// A token that somebody has to show. It is compared by its digest, so that the time of a comparison says nothing about
// how much of a guess was right, nor how long the token is.
//
//   const secret = Secret.of("hush")       // null for undefined and ""
//   secret.matches("hush")                 // true

import { createHash, timingSafeEqual } from "node:crypto";

/** What is longer is not hashed to find out that it is wrong. */
const CHARACTERS_MAX = 1_024;

export class Secret {
  readonly #digest: Buffer;

  /** Null when there is no token to be shown. */
  static of(token: string | undefined): Secret | null {
    return token === undefined || token === "" ? null : new Secret(token);
  }

  private constructor(token: string) {
    this.#digest = digestOf(token);
  }

  matches(given: unknown): boolean {
    return (
      typeof given === "string" && given.length <= CHARACTERS_MAX && timingSafeEqual(digestOf(given), this.#digest)
    );
  }
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
