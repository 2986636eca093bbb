// The checks of wowsim doctor, with one result each:
//
//   { id: "port-8081", state: "warning", found: "taken by node (pid 123)", mend: "Choose another with --control-port." }

export interface Check {
  id: string;
  /** missing: something does not work without it. warning: something optional is missing, or a resource is scarce. */
  state: "ok" | "warning" | "missing";
  /** The finding, in a few words. */
  found: string;
  /** What to do; absent when there is nothing to do. */
  mend?: string;
}

export function ok(id: string, found: string): Check {
  return { id, state: "ok", found };
}

export function warning(id: string, found: string, mend: string): Check {
  return { id, state: "warning", found, mend };
}

export function missing(id: string, found: string, mend: string): Check {
  return { id, state: "missing", found, mend };
}

/** Whether `version` is at least `least`: numbers are compared part by part. */
export function isAtLeast(version: string, least: string): boolean {
  return Bun.semver.order(semverOf(version), semverOf(least)) >= 0;
}

/** With three parts, as semver requires. */
function semverOf(version: string): string {
  const [, major = 0, minor = 0, patch = 0] = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? [];
  return `${major}.${minor}.${patch}`;
}
