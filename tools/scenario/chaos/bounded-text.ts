// The start of another program's output, however long that is: the rest is read and dropped, so that a program with
// much output neither waits for its reader nor fills the memory.
//
//   await boundedText(child.stdout, 100_000)

/** At most `bytesMax` bytes of the stream, as text. Reads it to its end, or, with `isEnough`, cancels it there. */
export async function boundedText(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
  { isEnough = false }: { isEnough?: boolean } = {},
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = bytesMax;
  for await (const chunk of stream) {
    if (left > 0) text += decoder.decode(chunk.subarray(0, left), { stream: true });
    left -= Math.min(left, chunk.length);
    // Leaving the loop cancels the stream.
    if (left === 0 && isEnough) break;
  }
  // A character that the limit cut in two is left out.
  return left === 0 ? text : text + decoder.decode();
}
