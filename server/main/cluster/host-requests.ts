// Requests to a zone host over the bus: the controller asks, the host answers.
//
//   const stop = answerHostRequests(bus, names, "a", zones)                   // on the host
//   await askHost(bus, names, "a", { type: "release", zone: 3, to: "b" })     // on the controller

import { z } from "zod";
import type { BusNames } from "../../bus/subjects.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import { decode, encode } from "./zone-requests.ts";
import type { AnsweringBus, AskingBus } from "./zone-requests.ts";

/** The zone finishes its tick, and what it has written is acknowledged. */
const ANSWER_MS_MAX = 5_000;
const NAME_LENGTH_MAX = 64;

/** Hands a zone over to another host. */
const Request = z.object({
  type: z.literal("release"),
  zone: z.number().int(),
  to: z.string().min(1).max(NAME_LENGTH_MAX),
});
export type HostRequest = z.infer<typeof Request>;
const Answer = z.union([z.object({ done: z.literal(true) }), z.object({ error: z.string() })]);

interface ReleasingHost {
  release(zone: number, to: string): Promise<void>;
}

/** Answers until the returned function is called. */
export function answerHostRequests(bus: AnsweringBus, names: BusNames, name: string, host: ReleasingHost): () => void {
  return bus.answer(names.hostRequest(name), async (bytes) => {
    try {
      const { zone, to } = Request.parse(decode(bytes));
      await host.release(zone, to);
      return encode({ done: true });
    } catch (error) {
      return encode({ error: messageOf(error) });
    }
  });
}

/** Throws WowsimError("host_refused") with what the host says, or "no_answer". */
export async function askHost(bus: AskingBus, names: BusNames, host: string, request: HostRequest): Promise<void> {
  const answer = Answer.parse(decode(await bus.request(names.hostRequest(host), encode(request), ANSWER_MS_MAX)));
  if ("error" in answer) throw new WowsimError("host_refused", answer.error);
}
