// Keeps secrets out of everything that is printed or saved: every occurrence is replaced by a mask, whatever its source.
//
//   const redact = redactor(["hush"])
//   redact({ stdout: "token=hush", url: "http://x/?t=hush" })      // { stdout: "token=*****", url: "http://x/?t=*****" }

const MASK = "*****";

/** `secrets`: longest first. Their forms in URLs, in base64 and in JSON are masked as well. */
export function redactor(secrets: readonly string[]): <Value>(value: Value) => Value {
  const forms = [...new Set(secrets.flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  const redactText = (text: string): string => forms.reduce((so, secret) => so.replaceAll(secret, MASK), text);
  const redact = (value: unknown): unknown => {
    if (typeof value === "string") return redactText(value);
    if (typeof value === "number") return forms.includes(String(value)) ? MASK : value;
    if (Array.isArray(value)) return value.map(redact);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [redactText(name), redact(each)]));
  };
  return forms.length === 0 ? (value) => value : <Value>(value: Value) => redact(value) as Value;
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64");
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([["", secret]]).toString().slice(1),
    base64,
    JSON.stringify(secret).slice(1, -1),
  ];
}
