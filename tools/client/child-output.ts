// Reads a child process's output, so that the child never waits for its reader.
//
//   const ready = JSON.parse(await firstLine(child.stdout, 60_000))
//   const complaints = lastLines(child.stderr)      // later: complaints().join("\n")
//   spokenOf(complaints())                          // stderr of a wowsim with --format json as plain text, without the JSON

import { z } from "zod";

const LINES_MAX = 20;

const Complaint = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const Note = z.object({ note: z.string() });

/** The first line of a stream; the rest is read and dropped. Rejects when the stream ends, or no line comes within msMax. */
export async function firstLine(stream: ReadableStream<Uint8Array>, msMax: number): Promise<string> {
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(() => found.reject(new Error(`not ready within ${msMax / 1_000} s`)), msMax);
  void (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      if (text.includes("\n")) continue;
      text += decoder.decode(chunk, { stream: true });
      if (text.includes("\n")) found.resolve(text.slice(0, text.indexOf("\n")));
    }
    found.reject(new Error("it ended"));
  })();
  return await found.promise.finally(() => clearTimeout(timer));
}

/** Reads a stream to its end, so that the writer never waits; returns a function for the last lines so far. */
export function lastLines(stream: ReadableStream<Uint8Array>): () => string[] {
  let lines: string[] = [];
  let rest = "";
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      lines = [...lines, ...parts].slice(-LINES_MAX);
    }
  })();
  return () => (rest === "" ? lines : [...lines, rest]);
}

/** The error that a line of stderr reports; null when it reports none. */
export function complaintOf(line: string): { code: string; message: string } | null {
  return Complaint.safeParse(parsed(line)).data?.error ?? null;
}

/** The stderr lines as plain text, as a person would see them. */
export function spokenOf(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.trim() !== "")
    .map((line) => complaintOf(line)?.message ?? Note.safeParse(parsed(line)).data?.note ?? line);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not a JSON line of ours: for example, a crash of the runtime.
    return null;
  }
}
