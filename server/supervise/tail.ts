// The end of what a process says, with a bound on the bytes.
//
//   const tail = new Tail()
//   tail.add(bytes)
//   tail.lines()      // the last lines, oldest first

const BYTES_MAX = 16_384;
const LINES_MAX = 100;

export class Tail {
  #bytes = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    const kept = chunk.subarray(Math.max(0, chunk.length - BYTES_MAX));
    this.#bytes = Buffer.concat([
      this.#bytes.subarray(Math.max(0, this.#bytes.length + kept.length - BYTES_MAX)),
      kept,
    ]);
  }

  lines(): string[] {
    const lines = Bun.stripANSI(this.#bytes.toString("utf8")).split("\n");
    return lines.filter((line) => line.trim() !== "").slice(-LINES_MAX);
  }
}
