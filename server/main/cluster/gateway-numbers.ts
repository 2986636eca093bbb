// The numbers 1 to 63 of a cluster's gateways, and who holds each. The number of a gateway is its lane of tickets (tickets.ts), its block
// of session ids, and its name on the bus.
//
//   idsOf(2)               // { first: 15_001, last: 30_000 }
//   numberOf(15_017)       // 2
//   const numbers = await GatewayNumbers.open(bucket, "gateway-7f3a")
//   numbers.get(2)         // { state: "held", holder: "7f3a...", tickets: 65_536 }

import { z } from "zod";
import { LANES, TICKETS_MAX } from "../../shared/tickets.ts";
import { Mirror } from "./mirror.ts";
import type { KeyBucket } from "./mirror.ts";

/** Session ids of one gateway. */
export const IDS_PER_GATEWAY = 15_000;
/** Tickets that a gateway has reserved at least; reserved ones that it did not use are lost when it is killed. */
export const TICKETS_RESERVED = 65_536;
const NUMBERS_MAX = LANES - 1;

const Holding = z.object({
  /** "held": by a gateway that lives, or was not missed yet. "left": it ended in order. "free": its sessions are others' to take up. */
  state: z.enum(["held", "left", "free"]),
  /** Which process. */
  holder: z.string(),
  /** Tickets of this lane up to this one may have been used. */
  tickets: z.number().int().min(0),
});
export type Holding = z.infer<typeof Holding>;

export function idsOf(gateway: number): { first: number; last: number } {
  return { first: (gateway - 1) * IDS_PER_GATEWAY + 1, last: gateway * IDS_PER_GATEWAY };
}

/** The gateway that gave this session id; above NUMBERS_MAX for what is no session. */
export function numberOf(sessionId: number): number {
  return Math.ceil(sessionId / IDS_PER_GATEWAY);
}

export class GatewayNumbers {
  readonly #bucket: KeyBucket;
  readonly #mirror: Mirror<Holding>;

  static async open(bucket: KeyBucket, name: string): Promise<GatewayNumbers> {
    return new GatewayNumbers(bucket, await Mirror.open(bucket, parse, name));
  }

  private constructor(bucket: KeyBucket, mirror: Mirror<Holding>) {
    this.#bucket = bucket;
    this.#mirror = mirror;
  }

  get(gateway: number): Holding | undefined {
    return this.#mirror.get(String(gateway));
  }

  isHeld(gateway: number): boolean {
    return this.get(gateway)?.state === "held";
  }

  /** Numbers that were ever used, with what is known of them. */
  *entries(): IterableIterator<[number, Holding]> {
    for (let gateway = 1; gateway <= NUMBERS_MAX; gateway++) {
      const holding = this.get(gateway);
      if (holding !== undefined) yield [gateway, holding];
    }
  }

  /** The number to take: one that was never used, else the one that has been free for the longest; 0 when there is none. */
  pick(): number {
    let best = 0;
    for (let gateway = 1; gateway <= NUMBERS_MAX; gateway++) {
      const holding = this.get(gateway);
      if (holding === undefined) return gateway;
      if (holding.state !== "free" || holding.tickets > TICKETS_MAX - 2 * TICKETS_RESERVED) continue;
      if (best === 0 || this.#revisionOf(gateway) < this.#revisionOf(best)) best = gateway;
    }
    return best;
  }

  /** Writes what is known of a number, if nobody has since; false when somebody has, or the bus does not answer. */
  async write(gateway: number, holding: Holding): Promise<boolean> {
    const key = String(gateway);
    const bytes = new TextEncoder().encode(JSON.stringify(holding));
    const expected = this.#revisionOf(gateway);
    try {
      const revision =
        expected === 0 ? await this.#bucket.create(key, bytes) : await this.#bucket.update(key, bytes, expected);
      this.#mirror.wrote(key, bytes, revision);
      return true;
    } catch {
      // Refused or not answered is the same: whoever asked looks again.
      return false;
    }
  }

  async caughtUp(): Promise<void> {
    await this.#mirror.caughtUp();
  }

  close(): void {
    this.#mirror.close();
  }

  #revisionOf(gateway: number): number {
    return this.#mirror.revisionOf(String(gateway));
  }
}

function parse(_key: string, bytes: Uint8Array): Holding | null {
  try {
    return Holding.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // A value of another version.
    return null;
  }
}
