// Builds messages directly as bytes: ASCII text and numbers without an intermediate string. This makes messages to
// thousands of players affordable (test/unit/net/byte-writer.test.ts compares it with JSON.stringify).
//
//   writer.text('{"x":').fixed(1.5).text("}")     // {"x":1.5}
//   socket.write(writer.bytes, 0, writer.length)

const ZERO = 48;
const MINUS = 45;
const DOT = 46;

/** A growing buffer of bytes; call reset() to use it again. The methods that write grow it as needed. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacityBytes = 65_536) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  reset(): this {
    this.length = 0;
    return this;
  }

  /** Makes space for `count` more bytes; grows by doubling. */
  ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Appends text, ASCII only: all JSON of this server is escaped to ASCII (asciiJson). */
  text(text: string): this {
    this.ensure(text.length);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
    return this;
  }

  /** Appends source[from, from + count) unchanged. */
  raw(source: Uint8Array, from: number, count: number): this {
    this.ensure(count);
    this.bytes.set(source.subarray(from, from + count), this.length);
    this.length += count;
    return this;
  }

  byte(value: number): this {
    this.ensure(1);
    this.bytes[this.length++] = value;
    return this;
  }

  /** Appends a u16, little-endian, like all binary numbers here. */
  u16(value: number): this {
    return this.byte(value & 0xff).byte((value >>> 8) & 0xff);
  }

  u32(value: number): this {
    number.setUint32(0, value, true);
    return this.raw(numberBytes, 0, 4);
  }

  f32(value: number): this {
    number.setFloat32(0, value, true);
    return this.raw(numberBytes, 0, 4);
  }

  f64(value: number): this {
    number.setFloat64(0, value, true);
    return this.raw(numberBytes, 0, 8);
  }

  /** Appends a u16 with the length in bytes, then the text as UTF-8, cut to 65,535 bytes. */
  utf8(text: string): this {
    const bytes = encoder.encode(text).subarray(0, 0xffff);
    return this.u16(bytes.length).raw(bytes, 0, bytes.length);
  }

  /** Appends zeros until the length since `start` is a multiple of `multiple`. */
  pad(start: number, multiple: number): this {
    while ((this.length - start) % multiple !== 0) this.byte(0);
    return this;
  }

  /** Overwrites the u16 at offset `at`. */
  setU16(at: number, value: number): void {
    this.bytes[at] = value & 0xff;
    this.bytes[at + 1] = value >>> 8;
  }

  /** Overwrites the u32 at offset `at`. */
  setU32(at: number, value: number): void {
    number.setUint32(0, value, true);
    this.bytes.set(numberBytes.subarray(0, 4), at);
  }

  /** A whole number, 0 to 2^53 - 1, in decimal. */
  uint(value: number): this {
    this.ensure(16);
    if (value > 0x7fff_ffff) return this.text(value.toString());
    const bytes = this.bytes;
    const end = this.length + digitsOf(value);
    let at = end;
    let rest = value | 0;
    do {
      const tenth = (rest / 10) | 0;
      bytes[--at] = ZERO + (rest - tenth * 10);
      rest = tenth;
    } while (rest > 0);
    this.length = end;
    return this;
  }

  /** A coordinate as a JSON number with at most two decimals; values past ±10^7 are written in full. */
  fixed(value: number): this {
    if (!(value > -1e7 && value < 1e7)) return this.text(Number.isFinite(value) ? value.toString() : "0");
    let hundredths = Math.round(value * 100);
    if (hundredths < 0) {
      this.byte(MINUS);
      hundredths = -hundredths;
    }
    const whole = (hundredths / 100) | 0;
    this.uint(whole);
    const places = hundredths - whole * 100;
    if (places === 0) return this;
    const tenths = (places / 10) | 0;
    this.byte(DOT).byte(ZERO + tenths);
    const rest = places - tenths * 10;
    return rest === 0 ? this : this.byte(ZERO + rest);
  }
}

const number = new DataView(new ArrayBuffer(8));
const numberBytes = new Uint8Array(number.buffer);
const encoder = new TextEncoder();

function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}

/** JSON of any value in ASCII: other characters become \uXXXX, so that a character is a byte. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
