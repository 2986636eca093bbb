// wowsim doctor: checks whether everything that this program needs is there, and says how to get what is missing.

import type { Command } from "commander";
import type { Check } from "../doctor/check.ts";
import { addListenFlags } from "../client/server-flags.ts";
import type { ListenFlags } from "../client/server-flags.ts";
import { addFormatFlag } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { columns, EXIT, out, outJson, paint } from "../ui/output.ts";
import { wrapped } from "../ui/wrap.ts";

interface DoctorFlags extends ListenFlags {
  bus?: string;
  format: OutputFormat;
}

/** Width of the mark and the gaps before the text. */
const INDENT = 11;

export function register(program: Command): void {
  const command = program
    .command("doctor")
    .description("Check versions, ports, limits and tools, and say how to fix each problem.")
    .addHelpText(
      "after",
      exitCodes({ 0: "all that is needed is there; warnings are about the rest", 1: "something needed is missing" }),
    );
  addListenFlags(command, "where a server would listen", "where telemetry would go");
  command.option("--bus <url>", "a nats-server to check for a cluster, such as nats://127.0.0.1:4222");
  addFormatFlag(command).action(doctor);
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const checks = await runChecks(flags);
  const missing = checks.filter(({ state }) => state === "missing").length;
  const warnings = checks.filter(({ state }) => state === "warning").length;
  if (missing > 0) process.exitCode = EXIT.degraded;
  if (flags.format === "json") return outJson({ ok: missing === 0, missing, warnings, checks });
  const width = Math.max(...checks.map(({ id }) => id.length));
  for (const check of checks) {
    out(`${mark(check)}  ${check.id.padEnd(width)}  ${check.found}`);
    if (check.mend === undefined) continue;
    for (const line of wrapped(check.mend, columns() - width - INDENT))
      out(`${" ".repeat(width + INDENT)}${paint.dim(line)}`);
  }
  out(summary(missing, warnings));
}

async function runChecks(flags: DoctorFlags): Promise<Check[]> {
  const { checkInstall } = await import("../doctor/install.ts");
  const { checkMachine } = await import("../doctor/machine.ts");
  const { checkBus, checkNatsServer } = await import("../doctor/nats.ts");
  const { checkPort } = await import("../doctor/ports.ts");
  const { checkPrograms } = await import("../doctor/programs.ts");
  const ports = [
    { protocol: "tcp", port: flags.port, use: "game", flag: "--port" },
    { protocol: "tcp", port: flags.controlPort, use: "control", flag: "--control-port" },
    { protocol: "tcp", port: flags.httpPort, use: "HTTP", flag: "--http-port" },
    { protocol: "udp", port: flags.telemetryPort, use: "telemetry", flag: "--telemetry-port" },
  ] as const;
  return [
    ...(await checkInstall()),
    ...checkMachine(flags.dataDir),
    ...(await Promise.all(ports.map((port) => checkPort(flags.host, port)))),
    ...(await checkPrograms()),
    await checkNatsServer(),
    ...(flags.bus === undefined ? [] : [await checkBus(flags.bus)]),
  ];
}

function mark({ state }: Check): string {
  if (state === "ok") return paint.green("ok     ");
  return state === "warning" ? paint.yellow("warning") : paint.red("MISSING");
}

function summary(missing: number, warnings: number): string {
  if (missing > 0) return `\n${missing} needed and missing, ${warnings} warning${warnings === 1 ? "" : "s"}.`;
  if (warnings > 0) return `\nAll that is needed is there; ${warnings} warning${warnings === 1 ? "" : "s"}.`;
  return "\nAll is well.";
}
