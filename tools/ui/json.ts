// Results as JSON for scripts: field names in snake_case, as everywhere on the wire.
//
//   toWire({ tickRateHz: 20, zones: [{ msP50: 0.4 }] })      // { tick_rate_hz: 20, zones: [{ ms_p50: 0.4 }] }

/** A copy with renamed fields; NaN and Infinity become null when it is printed. */
export function toWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [snakeCase(name), toWire(entry)]));
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
