// What a child process says, read so that it never has to wait for us.
//
//   const ready = JSON.parse(await firstLine(child.stdout, 60_000))
//   const complaints = lastLines(child.stderr)      // later: complaints().join("\n")

const LINES_MAX = 20;

/** The first line of a stream; the rest is read and dropped. Rejects when the stream ends or nothing comes in time. */
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

/** Reads a stream to its end, so that the writer never waits; the last lines so far. */
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
