// Reads and writes memory in the kernel: one element of a column, given the column and the row.
//
//   U32.get(ENTITY_HEALTH, row)          the u32 at ENTITY_HEALTH + row * 4
//   F32.set(ENTITY_X, row, 12.5)
//
// The functions are static methods, because asc inlines those, and every TypeScript tool can parse the file. Tools can not
// parse decorators on top-level functions.

export class U8 {
  @inline static get(column: usize, index: u32): u32 {
    return load<u8>(column + index);
  }
  @inline static set(column: usize, index: u32, value: u32): void {
    store<u8>(column + index, <u8>value);
  }
}

export class U16 {
  @inline static get(column: usize, index: u32): u32 {
    return load<u16>(column + (index << 1));
  }
  @inline static set(column: usize, index: u32, value: u32): void {
    store<u16>(column + (index << 1), <u16>value);
  }
}

export class U32 {
  @inline static get(column: usize, index: u32): u32 {
    return load<u32>(column + (index << 2));
  }
  @inline static set(column: usize, index: u32, value: u32): void {
    store<u32>(column + (index << 2), value);
  }
  @inline static add(column: usize, index: u32, value: u32): void {
    const at = column + (index << 2);
    store<u32>(at, load<u32>(at) + value);
  }
}

export class F32 {
  @inline static get(column: usize, index: u32): f32 {
    return load<f32>(column + (index << 2));
  }
  @inline static set(column: usize, index: u32, value: f32): void {
    store<f32>(column + (index << 2), value);
  }
}

/** A single u32 at an address of its own, such as a value of the header. */
export class Cell {
  @inline static get(address: usize): u32 {
    return load<u32>(address);
  }
  @inline static set(address: usize, value: u32): void {
    store<u32>(address, value);
  }
  @inline static add(address: usize, value: u32): void {
    store<u32>(address, load<u32>(address) + value);
  }
}
