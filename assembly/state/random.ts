// The zone's only random generator: xorshift64*, whose whole state is the u64 at HEADER_RANDOM. So a replay draws the
// same numbers. Period 2^64 - 1; the state is never 0.

import { HEADER_RANDOM } from "../memory/memory";

/** Seeds the generator; splitmix64's finaliser gives similar seeds very different states. */
export function seedRandom(seed: u32, zoneId: u32): void {
  let state: u64 = ((<u64>zoneId) << 32) + <u64>seed + 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  state = state ^ (state >> 31);
  store<u64>(HEADER_RANDOM, state == 0 ? 1 : state);
}

/** Uniform over all u32. */
export function randomU32(): u32 {
  let x = load<u64>(HEADER_RANDOM);
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  store<u64>(HEADER_RANDOM, x);
  return <u32>((x * 0x2545f4914f6cdd1d) >> 32);
}

/** Uniform in 0..bound-1; 0 for bound 0. */
export function randomBelow(bound: u32): u32 {
  return <u32>((<u64>randomU32() * <u64>bound) >> 32);
}

/** Uniform in low..high, both included; low when high is less. */
export function randomBetween(low: u32, high: u32): u32 {
  return high <= low ? low : low + randomBelow(high - low + 1);
}

/** Uniform in -1..1. */
export function randomSigned(): f32 {
  return <f32>(<i32>(randomU32() >> 8) - 8388608) / <f32>8388608;
}
