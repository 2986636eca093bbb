// A gateway's hold on its number. It confirms that twice a second; when it could not for some time, it says nothing to zones until it
// can again, because another gateway may be taking its place. When another one did, it has lost everything and ends.
//
//   const lease = await GatewayLease.take({ numbers, now, onLost })
//   lease.gateway                 // 2
//   lease.maySpeak()              // false when it was not confirmed for 1.5 s
//   await lease.leave(tickets)    // its sessions are the others' at once

import { WowsimError } from "../../protocol/errors.ts";
import { TICKETS_MAX } from "../../shared/tickets.ts";
import type { GatewayNumbers } from "./gateway-numbers.ts";
import { TICKETS_RESERVED } from "./gateway-numbers.ts";

export const CONFIRM_MS = 500;
/** Less than the silence after which others take a gateway's place (gateway-peers.ts). */
const SPEAK_MS_MAX = 1_500;
/** To take a number, among others that do so. */
const TRIES_MAX = 200;
const RETRY_MS = 50;

export interface GatewayLeaseDeps {
  numbers: GatewayNumbers;
  /** Milliseconds, monotonic. */
  now(): number;
  /** Called once: another gateway has taken the sessions, or the tickets are used up. */
  onLost(reason: string): void;
}

export class GatewayLease {
  readonly gateway: number;
  /** Tickets up to this one may have been used by an earlier gateway. */
  readonly firstTickets: number;
  readonly #deps: GatewayLeaseDeps;
  readonly #holder: string;
  #reserved: number;
  #confirmedAtMs: number;
  #isConfirming = false;
  #isOver = false;

  /** Throws WowsimError("no_gateway_number"). */
  static async take(deps: GatewayLeaseDeps): Promise<GatewayLease> {
    const { numbers, now } = deps;
    const holder = crypto.randomUUID();
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const gateway = numbers.pick();
      const tickets = numbers.get(gateway)?.tickets ?? 0;
      const askedAtMs = now();
      const reserved = tickets + TICKETS_RESERVED;
      if (gateway !== 0 && (await numbers.write(gateway, { state: "held", holder, tickets: reserved })))
        return new GatewayLease(deps, { gateway, holder, tickets, reserved, askedAtMs });
      await Bun.sleep(RETRY_MS);
      await numbers.caughtUp();
    }
    throw new WowsimError("no_gateway_number", "All 63 numbers of gateways are in use; end some gateways first.");
  }

  private constructor(
    deps: GatewayLeaseDeps,
    taken: { gateway: number; holder: string; tickets: number; reserved: number; askedAtMs: number },
  ) {
    this.#deps = deps;
    this.gateway = taken.gateway;
    this.firstTickets = taken.tickets;
    this.#holder = taken.holder;
    this.#reserved = taken.reserved;
    this.#confirmedAtMs = taken.askedAtMs;
  }

  maySpeak(): boolean {
    return !this.#isOver && this.#deps.now() - this.#confirmedAtMs < SPEAK_MS_MAX;
  }

  /** Confirms the hold; `tickets` were used so far. True when it is confirmed. */
  async confirm(tickets: number): Promise<boolean> {
    if (this.#isOver || this.#isConfirming) return false;
    if (tickets > TICKETS_MAX - TICKETS_RESERVED) return this.#lose("its tickets are used up");
    const { numbers, now } = this.#deps;
    this.#isConfirming = true;
    const askedAtMs = now();
    const reserved = tickets > this.#reserved - TICKETS_RESERVED / 2 ? tickets + TICKETS_RESERVED : this.#reserved;
    const isWritten = await numbers.write(this.gateway, { state: "held", holder: this.#holder, tickets: reserved });
    this.#isConfirming = false;
    if (isWritten) {
      this.#reserved = reserved;
      this.#confirmedAtMs = askedAtMs;
      return true;
    }
    await numbers.caughtUp().catch(() => {});
    if (numbers.get(this.gateway)?.holder === this.#holder && numbers.isHeld(this.gateway)) return false;
    return this.#lose("another gateway took its players, because it was silent for too long");
  }

  /** It ends in order. */
  async leave(tickets: number): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#deps.numbers.write(this.gateway, { state: "left", holder: this.#holder, tickets });
  }

  #lose(reason: string): false {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#deps.onLost(reason);
    return false;
  }
}
