// Requests to the owner of a zone over the bus, wherever it runs: the controller asks, the zone host answers.
//
//   const stop = answerZoneRequests(bus, names, 3, supervisor)            // on the host
//   await new ZoneRequests(bus, names, zones).request(3, { type: "view", turn: 0 })
//
// Nobody answers for a zone without an owner: the request then ends by its time limit.

import { z } from "zod";
import type { BusNames } from "../../bus/subjects.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";

const ANSWER_MS_MAX = 1_000;
const TURNS_MAX = 4_096;

/** What may be asked: looks, which change nothing. */
const Request = z.object({ type: z.literal("view"), turn: z.number().int().min(0).max(TURNS_MAX) });
export type ZoneRequest = z.infer<typeof Request>;
const Answer = z.union([z.object({ answer: z.unknown() }), z.object({ error: z.string() })]);

export interface AnsweringBus {
  answer(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): () => void;
}

export interface AskingBus {
  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
}

interface Zones {
  request(zoneId: number, message: ZoneRequest): Promise<unknown>;
}

/** Answers until the returned function is called. */
export function answerZoneRequests(bus: AnsweringBus, names: BusNames, zone: number, zones: Zones): () => void {
  return bus.answer(names.control(zone), async (bytes) => {
    try {
      return encode({ answer: await zones.request(zone, Request.parse(decode(bytes))) });
    } catch (error) {
      return encode({ error: messageOf(error) });
    }
  });
}

/** Asks whoever owns a zone. */
export class ZoneRequests {
  readonly #bus: AskingBus;
  readonly #names: BusNames;
  readonly zones: ReadonlyMap<number, unknown>;

  constructor(bus: AskingBus, names: BusNames, zones: readonly { readonly id: number }[]) {
    this.#bus = bus;
    this.#names = names;
    this.zones = new Map(zones.map((zone) => [zone.id, zone]));
  }

  /** Throws WowsimError("zone_busy") with what the owner says; what the bus throws when there is none. */
  async request(zone: number, message: ZoneRequest): Promise<unknown> {
    const bytes = await this.#bus.request(this.#names.control(zone), encode(message), ANSWER_MS_MAX);
    const answer = Answer.parse(decode(bytes));
    if ("error" in answer) throw new WowsimError("zone_busy", answer.error);
    return answer.answer;
  }
}

export const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
export const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
