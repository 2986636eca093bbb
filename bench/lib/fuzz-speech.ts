// How a hostile connection speaks besides what is broken: what it begins and ends with, how it asks for a sign of life, and
// what it makes of the answers. One for each port, and two for the game port, which knows two encodings.
//
//   SPEECHES.binary.ask(17)        // a ping that is answered with 17

import { BinaryStream } from "../../tools/client/binary-messages.ts";
import { BINARY_SAMPLES, binaryFuzzSource, binaryMessage } from "../../server/testing/fuzz-binary.ts";
import { fuzzSource, SAMPLES, validMessage, wholeMessage } from "../../server/testing/fuzz-messages.ts";
import type { FuzzMessage } from "../../server/testing/fuzz-messages.ts";

export interface Answers {
  /** The server has said no. */
  onRefused(code: string): void;
  /** It has given a sign of life. */
  onAnswer(number: number): void;
}

export interface Speech {
  /** Which of the server's ports understands it. */
  port: "game" | "control";
  /** What a player says first, and last; null where there are no players. */
  hello: Uint8Array | null;
  bye: Uint8Array | null;
  /** What a guest must begin with, so that it is known how it speaks. */
  asGuest: Uint8Array | null;
  /** Every kind of message, as it should be. */
  samples: Uint8Array[];
  draw(random: () => number): () => FuzzMessage;
  valid(random: () => number): Uint8Array;
  ask(number: number): Uint8Array;
  /** Takes in what the server sends, however it is cut. */
  reader(answers: Answers): (bytes: Buffer) => void;
}

const NAME = "Fuzz";

export const SPEECHES = {
  game: {
    port: "game",
    hello: wholeMessage({ type: "hello", v: 1, name: NAME }),
    bye: wholeMessage({ type: "bye" }),
    asGuest: null,
    samples: SAMPLES.game.map(wholeMessage),
    draw: (random) => fuzzSource("game", random),
    valid: (random) => validMessage("game", random),
    ask: (number) => wholeMessage({ type: "ping", t: number }),
    reader: (answers) => lineReader(answers, "t"),
  },
  binary: {
    port: "game",
    hello: binaryMessage({
      kind: "hello",
      hello: { version: 1, name: NAME, zone: 0, playerClass: "", token: "", resume: "", secret: "" },
    }),
    bye: binaryMessage({ kind: "bye" }),
    asGuest: binaryMessage({ kind: "stop_attack" }),
    samples: BINARY_SAMPLES.map(binaryMessage),
    draw: binaryFuzzSource,
    valid: (random) => binaryMessage(BINARY_SAMPLES[Math.floor(random() * BINARY_SAMPLES.length)] ?? { kind: "bye" }),
    ask: (number) => binaryMessage({ kind: "ping", echo: number }),
    reader: binaryReader,
  },
  control: {
    port: "control",
    hello: null,
    bye: null,
    asGuest: null,
    samples: SAMPLES.control.map(wholeMessage),
    draw: (random) => fuzzSource("control", random),
    valid: (random) => validMessage("control", random),
    ask: (number) => wholeMessage({ command: "list", id: `${number}` }),
    reader: (answers) => lineReader(answers, "id"),
  },
} satisfies Record<string, Speech>;

export type SpeechName = keyof typeof SPEECHES;

/** Lines of JSON; only those that say no, or may have the number in the field, are looked into. */
function lineReader({ onRefused, onAnswer }: Answers, field: "t" | "id"): (bytes: Buffer) => void {
  let rest = "";
  const hasNumber = new RegExp(`"${field}":"?(\\d+)`);
  return (bytes) => {
    const lines = (rest + bytes.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const number = hasNumber.exec(line)?.[1];
      if (number !== undefined) onAnswer(Number(number));
      if (!line.startsWith('{"type":"error"') && !line.startsWith('{"success":false')) continue;
      const { code = "none" } = JSON.parse(line) as { code?: string };
      onRefused(code);
    }
  };
}

/** Throws WowsimError("bad_stream") when the server does not send what it should. */
function binaryReader({ onRefused, onAnswer }: Answers): (bytes: Buffer) => void {
  const stream = new BinaryStream({
    onFrame: () => undefined,
    onMessage: (message) => {
      if (message.type === "error") onRefused(message.code);
      if (message.type === "pong") onAnswer(message.t);
    },
  });
  return (bytes) => stream.push(bytes);
}
