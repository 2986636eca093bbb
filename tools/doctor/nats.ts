// Checks what a cluster runs on: the nats-server program, and a running one where the user names it.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { natsInfo, problemsOf } from "../cluster/nats-info.ts";
import { findNatsServer } from "../cluster/nats-server.ts";
import { missing, ok, warning } from "./check.ts";
import type { Check } from "./check.ts";

const FOUND: Readonly<Record<string, string>> = {
  no_nats_server: "not installed",
  nats_server_old: "too old",
  nats_server_strange: "another program of that name",
};

export async function checkNatsServer(env: Record<string, string | undefined> = process.env): Promise<Check> {
  try {
    const { version, path } = await findNatsServer(env);
    return ok("nats-server", `${version} at ${path} (wowsim cluster)`);
  } catch (error) {
    const found = error instanceof WowsimError ? FOUND[error.code] : undefined;
    return warning("nats-server", found ?? "can not be used", `For wowsim cluster: ${messageOf(error)}`);
  }
}

/** `url`: as --bus takes it. */
export async function checkBus(url: string): Promise<Check> {
  try {
    const info = await natsInfo(url);
    const problems = problemsOf(info);
    const found = `nats-server ${info.version} at ${url}`;
    return problems.length === 0 ? ok("bus", found) : missing("bus", found, problems.join(" "));
  } catch (error) {
    return missing("bus", `none at ${url}`, messageOf(error));
  }
}
