// A token that a client must send. It is compared by its digest, so the time of a comparison reveals neither how much
// of a guess was right nor how long the token is.
//
//   const secret = Secret.of("my-token")   // null for undefined and ""
//   secret.matches("my-token")             // true

import { createHash, timingSafeEqual } from "node:crypto";

/** A longer token is refused without hashing. */
const CHARACTERS_MAX = 1_024;

export class Secret {
  readonly #digest: Buffer;

  /** Null when no token is needed. */
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
