// A network of its own for a command and all that it starts: nothing but a loopback, on which every port is free. So what
// has the default ports can be run as it is written down, whatever else runs on this machine, and reaches nobody.
//
//   const within = ownNetwork()         // ["unshare", "--net", ...], or null where the system does not allow it
//   if (within !== null) Bun.spawn([...within, "wowsim", "serve"])

const UP = `ip link set lo up && exec "$@"`;
/** As root; and as anybody, where that is allowed. */
const WAYS = [["--net"], ["--map-root-user", "--net"]];

export function ownNetwork(): string[] | null {
  for (const flags of WAYS) {
    const within = ["unshare", ...flags, "sh", "-c", UP, "sh"];
    if (Bun.which("unshare") !== null && Bun.spawnSync([...within, "true"]).exitCode === 0) return within;
  }
  return null;
}
