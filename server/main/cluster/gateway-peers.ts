// Which gateways live: each is heard twice a second. One that is silent for two seconds is gone. A gateway that does not hear itself is
// cut off, and counts nobody's silence.
//
//   peers.isAlive(2)
//   peers.isFirst()        // no living gateway has a lower number: this one looks after what nobody has

import { z } from "zod";
import type { BusNames } from "../../bus/subjects.ts";
import type { GatewayBeat } from "../../bus/wire.ts";
import type { GatewayNumbers } from "./gateway-numbers.ts";
import type { ZoneBus } from "./bus-zones.ts";

const SILENCE_MS_MAX = 2_000;
/** When its own beat is older than this, it can not tell whether others are silent. */
const DEAF_MS_MAX = 1_000;

const Beat = z.object({
  gateway: z.number().int().min(1),
  pid: z.number(),
  sessions: z.number(),
  game: z.number(),
  http: z.number(),
});

export interface GatewayPeersDeps {
  bus: ZoneBus;
  names: BusNames;
  numbers: GatewayNumbers;
  /** Number of this gateway. */
  gateway: number;
  /** Milliseconds, monotonic. */
  now(): number;
}

export class GatewayPeers {
  readonly #deps: GatewayPeersDeps;
  /** By number: for how long nothing was heard, counted only while this gateway hears itself. */
  readonly #silentMs = new Map<number, number>();
  #heardSelfAtMs: number;
  #lookedAtMs: number;
  readonly #unsubscribe: () => void;

  constructor(deps: GatewayPeersDeps) {
    const { bus, names, now } = deps;
    this.#deps = deps;
    this.#heardSelfAtMs = now();
    this.#lookedAtMs = now();
    this.#unsubscribe = bus.subscribe(names.gatewayBeat("*"), (_subject, bytes) => this.#hears(bytes));
  }

  /** Tells the others that this gateway lives. */
  beat(beat: Omit<GatewayBeat, "gateway">): void {
    const { bus, names, gateway } = this.#deps;
    bus.publish(names.gatewayBeat(gateway), new TextEncoder().encode(JSON.stringify({ gateway, ...beat })));
  }

  /** Called some times a second. */
  look(): void {
    const { now, numbers } = this.#deps;
    const passedMs = now() - this.#lookedAtMs;
    this.#lookedAtMs = now();
    // After a pause of this process, beats that came meanwhile are still to be read.
    const isDeaf = now() - this.#heardSelfAtMs > DEAF_MS_MAX || passedMs > DEAF_MS_MAX;
    for (const [gateway, { state }] of numbers.entries()) {
      if (state !== "held") this.#silentMs.delete(gateway);
      else this.#silentMs.set(gateway, isDeaf ? 0 : (this.#silentMs.get(gateway) ?? 0) + passedMs);
    }
  }

  /** It holds its number, and was heard lately. */
  isAlive(gateway: number): boolean {
    const { numbers, gateway: own } = this.#deps;
    if (gateway === own) return true;
    return numbers.isHeld(gateway) && (this.#silentMs.get(gateway) ?? 0) < SILENCE_MS_MAX;
  }

  /** This gateway has the lowest number of those that live. */
  isFirst(): boolean {
    for (const [gateway] of this.#deps.numbers.entries())
      if (gateway < this.#deps.gateway && this.isAlive(gateway)) return false;
    return true;
  }

  /** Numbers that are held by gateways which are gone. */
  missing(): number[] {
    return [...this.#deps.numbers.entries()].flatMap(([gateway, { state }]) =>
      state === "held" && !this.isAlive(gateway) ? [gateway] : [],
    );
  }

  close(): void {
    this.#unsubscribe();
  }

  #hears(bytes: Uint8Array): void {
    const { success, data } = Beat.safeParse(parsed(bytes));
    if (!success) return;
    this.#silentMs.set(data.gateway, 0);
    if (data.gateway === this.#deps.gateway) this.#heardSelfAtMs = this.#deps.now();
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Nobody's beat.
    return null;
  }
}
