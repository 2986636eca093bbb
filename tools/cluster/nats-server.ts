// Finds the nats-server that a cluster runs on: $NATS_SERVER, or the program in PATH. Debian puts it into /usr/sbin, which is not in
// everybody's PATH, so the usual folders are looked into as well.
//
//   await findNatsServer()      // { path: "/usr/sbin/nats-server", version: "2.9.10" }

import { existsSync } from "node:fs";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";

/** Older ones refuse an append for the wrong reasons, or not at all (docs/CLUSTER.md). */
export const NATS_LEAST = "2.9.0";
export const NATS_INSTALL =
  "apt-get install nats-server, or brew install nats-server, or name the program with NATS_SERVER.";
const FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
const ANSWER_MS_MAX = 5_000;

export interface NatsProgram {
  path: string;
  version: string;
}

/** Throws WowsimError: no_nats_server, nats_server_strange, nats_server_old; each says what to do. */
export async function findNatsServer(env: Record<string, string | undefined> = process.env): Promise<NatsProgram> {
  const path = pathOf(env);
  const said = await askVersion(path);
  const version = /^nats-server: v(\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (version === undefined)
    throw new WowsimError(
      "nats_server_strange",
      `${path} is no nats-server: asked for its version it says "${said.split("\n")[0]?.slice(0, 80)}". ${NATS_INSTALL}`,
    );
  if (Bun.semver.order(version, NATS_LEAST) < 0)
    throw new WowsimError(
      "nats_server_old",
      `${path} is version ${version}; a cluster needs ${NATS_LEAST} or newer. ${NATS_INSTALL}`,
    );
  return { path, version };
}

function pathOf(env: Record<string, string | undefined>): string {
  const named = env["NATS_SERVER"] ?? "";
  if (named !== "") {
    if (existsSync(named)) return named;
    throw new WowsimError("no_nats_server", `NATS_SERVER names ${named}, and there is no such file. ${NATS_INSTALL}`);
  }
  const path = [env["PATH"] ?? "", ...FOLDERS].join(":");
  const found = Bun.which("nats-server", { PATH: path });
  if (found !== null) return found;
  throw new WowsimError("no_nats_server", `A cluster needs a nats-server, and there is none in PATH. ${NATS_INSTALL}`);
}

async function askVersion(path: string): Promise<string> {
  try {
    const child = Bun.spawn([path, "--version"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: ANSWER_MS_MAX,
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return (stdout || stderr).trim();
  } catch (cause) {
    throw new WowsimError("nats_server_strange", `${path} can not be run: ${messageOf(cause)}. ${NATS_INSTALL}`, {
      cause,
    });
  }
}
