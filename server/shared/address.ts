// Facts about a peer's address: whether it is on this machine, and its key for limits per address.
//
//   isLoopback("127.0.0.1")                // true
//   addressKey("::ffff:192.0.2.7")         // "192.0.2.7"
//   addressKey("2001:db8:1:2:aaaa::1")     // "2001:db8:1:2": a household has 2^64 IPv6 addresses, counted as one

const MAPPED_IPV4 = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
/** Groups of an IPv6 address that identify the network; the peer chooses the others itself. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** Whether an address can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(MAPPED_IPV4.exec(bare)?.[1] ?? bare);
}

/** The key for limits per address: the address itself; for IPv6, its network. */
export function addressKey(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":") || isLoopback(address)) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - groups.length - after.length);
  return [...groups, ...Array.from({ length: zeros }, () => "0"), ...after].slice(0, NETWORK_GROUPS).join(":");
}
