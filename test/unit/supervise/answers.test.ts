// What counts as an answer of a server, and after how much silence it is ended.

import { describe, expect, test } from "bun:test";
import { answers, AnswerWatch, ANSWER_MS_MAX } from "../../../server/supervise/answers.ts";

/** A watch on a clock of the test's, whose rounds go as told; after the last of them it ends. */
async function watched(rounds: readonly ("yes" | "no" | "asleep")[]): Promise<{ isSilent: boolean; after: number }> {
  const clock = { ms: 0 };
  const end = new AbortController();
  let asked = 0;
  const watch = new AnswerWatch({
    now: () => clock.ms,
    sleep: (ms) => {
      clock.ms += ms;
      return Promise.resolve();
    },
    ask: () => {
      const round = rounds[asked++];
      if (asked >= rounds.length) setTimeout(() => end.abort(), 0);
      clock.ms += round === "asleep" ? 3_600_000 : round === "no" ? ANSWER_MS_MAX : 1;
      return asked > rounds.length ? new Promise(() => {}) : Promise.resolve(round === "yes");
    },
  });
  const ended = Promise.withResolvers<boolean>();
  end.signal.addEventListener("abort", () => ended.resolve(false));
  const isSilent = await Promise.race([watch.silence(end.signal), ended.promise]);
  return { isSilent, after: asked };
}

describe("a server is silent", () => {
  test("after three rounds in a row without an answer", async () => {
    expect(await watched(["yes", "no", "no", "no", "yes"])).toEqual({ isSilent: true, after: 4 });
  });

  test.each([
    [["no", "no", "yes", "no", "no", "yes"] as const],
    [["no", "no", "asleep", "no", "no", "yes"] as const],
    [["asleep", "asleep", "asleep", "asleep"] as const],
  ])("but not after %j", async (rounds) => {
    expect(await watched(rounds)).toMatchObject({ isSilent: false });
  });
});

describe("a port", () => {
  test("answers when it says anything at all", async () => {
    using listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n") },
    });
    expect(await answers("127.0.0.1", listener.port, "x\n")).toBe(true);
    expect(await answers("0.0.0.0", listener.port, "x\n")).toBe(true);
  });

  test("does not answer when it takes a connection and says nothing, closes it, or is not there", async () => {
    const mute = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    expect(await answers("127.0.0.1", mute.port, "x\n", 50)).toBe(false);
    mute.stop(true);
    expect(await answers("127.0.0.1", mute.port, "x\n")).toBe(false);
    using rude = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.end() } });
    expect(await answers("127.0.0.1", rude.port, "x\n")).toBe(false);
  });
});
