// wowsim inject-fault: breaks a running server on purpose, and repairs it. Each fault is a subcommand of activate, with
// flags generated from its own parameter schema, so that the help matches what the server accepts.
//
//   wowsim inject-fault activate latency-spike --delay-ms 300 --zone 1 --duration 30s
//   wowsim inject-fault activate zone-trap --hold        until Ctrl-C, or until it ends by itself
//   wowsim inject-fault halt

import { Argument, InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { WowsimError } from "../../server/protocol/errors.ts";
import { DURATION_TICKS_MAX } from "../../server/protocol/faults/status.ts";
import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import type { FaultDefinition } from "../../server/protocol/faults/fault.ts";
import { describeParams, heedsZone } from "../../server/protocol/faults/params.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../client/control-client.ts";
import type { ControlAnswer, ControlClientOptions } from "../client/control-client.ts";
import { FaultLeases } from "../client/fault-leases.ts";
import type { ActivateRequest } from "../client/fault-leases.ts";
import type { FoundServer } from "../client/find-server.ts";
import { faultDetails, faultTable, LONGEST, seconds, TICKS_PER_SECOND, zoneRanges } from "../ui/fault-lines.ts";
import { addFormatFlag, parseInteger, parseNumber, parseTicks } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, pasteable, serverOf } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { EXIT, exitCodeOf, fail, out, outJson, paint } from "../ui/output.ts";
import { suggest } from "../ui/suggestions.ts";

interface CommonFlags extends ServerFlags {
  format: OutputFormat;
}

type ActivateFlags = CommonFlags & {
  zone?: number;
  duration: number;
  probability: number;
  hold?: boolean;
  [param: string]: unknown;
};

const EXIT_CODES = exitCodes({
  0: "done",
  1: "the server refused (stderr says why)",
  3: "no server answers",
});

export function register(program: Command): void {
  const command = program
    .command("inject-fault")
    .description("Break a running server on purpose, look at what is broken, and mend it.")
    .addHelpText(
      "after",
      [
        "",
        "See what is broken now:     wowsim inject-fault list",
        "End one fault:              wowsim inject-fault deactivate latency-spike",
        "End all, allow no new one:  wowsim inject-fault halt   (resume lifts it)",
        "All faults and their flags: wowsim inject-fault activate --help",
        EXIT_CODES,
      ].join("\n"),
    );
  registerActivate(command);
  simple(command, "deactivate", "End one fault; what it changed is put back.", "fault").action((fault, flags) =>
    ask(flags, { command: "deactivate", fault_id: fault }, showDeactivated),
  );
  simple(command, "deactivate-all", "End all faults.").action((flags) =>
    ask(flags, { command: "deactivate_all" }, showRemoved),
  );
  simple(command, "status", "Show one fault: parameters, zones, time left, what it hit.", "fault").action(
    (fault, flags) => ask(flags, { command: "status", fault_id: fault }, showStatus),
  );
  simple(command, "list", "Show all faults, active ones first.").action((flags) =>
    ask(flags, { command: "list" }, showList),
  );
  simple(command, "halt", "Kill switch: end all faults within two ticks, and refuse new ones until resume.").action(
    (flags) => ask(flags, { command: "halt" }, showRemoved),
  );
  simple(command, "resume", "Allow faults again after halt.").action((flags) =>
    ask(flags, { command: "resume" }, () => out("Faults can be activated again.")),
  );
}

function registerActivate(parent: Command): void {
  const activate = parent
    .command("activate")
    .description("Start a fault; an active one is restarted with the new parameters.")
    .addHelpText("after", `\nThe flags of one: wowsim inject-fault activate latency-spike --help\n${EXIT_CODES}`);
  for (const fault of FAULTS) addFault(activate, fault);
}

function addFault(parent: Command, fault: FaultDefinition): void {
  const params = describeParams(fault);
  const command = parent.command(fault.id).description(`${sentence(fault.title)}.`);
  for (const { name, min, max, default: value, description } of params) {
    const flag = `--${name.replaceAll("_", "-")} <n>`;
    command.option(flag, `${description}, ${min} to ${max}`, parseInteger(min, max), value);
  }
  if (heedsZone(fault)) {
    const zone = new Option("--zone <n>", "zone to break; 0 is all").argParser(parseInteger(0, 0xffff));
    command.addOption(zone.default(0, "all"));
  }
  const duration = new Option("--duration <time>", "how long: 30s, 2m or 100t (ticks of 50 ms); 0 is the longest");
  command
    .addOption(duration.argParser(parseDuration).default(0, LONGEST))
    .option("--probability <p>", "share of its chances that the fault uses, 0 to 1", parseNumber(0, 1), 1)
    .option("--hold", "stay, and end the fault when this command ends, also when it is killed")
    .addHelpText("after", `\nEnd it: wowsim inject-fault deactivate ${fault.id}\n${EXIT_CODES}`);
  addCommonFlags(command).action((flags: ActivateFlags) => {
    const values = params.map(({ name }) => [name, flags[camelCase(name)]]);
    const request = {
      fault_id: fault.id,
      params: Object.fromEntries(values),
      target_zone_id: flags.zone ?? 0,
      duration_ticks: flags.duration,
      probability: flags.probability,
    };
    if (flags.hold === true) return hold(flags, request);
    return ask(flags, { command: "activate", ...request }, showActivated);
  });
}

function simple(parent: Command, name: string, description: string, argument?: string): Command {
  const command = parent.command(name).description(description).addHelpText("after", EXIT_CODES);
  if (argument !== undefined) {
    const ids = FAULTS.map(({ id }) => id);
    command.addArgument(suggest(new Argument(`<${argument}>`, `one of ${ids.join(", ")}`), ids));
  }
  return addCommonFlags(command);
}

function addCommonFlags(command: Command): Command {
  addServerFlags(command, "inject-fault");
  return addFormatFlag(command);
}

/** Parses "30s", "100t", or 0; returns ticks. */
function parseDuration(text: string): number {
  const ticks = /^\d+(\.\d+)?(t|ms|s|m)?$/.test(text) ? parseTicks(text, TICKS_PER_SECOND) : -1;
  if (ticks <= DURATION_TICKS_MAX && (ticks > 0 || text === "0")) return ticks;
  throw new InvalidArgumentError(
    `Give a time such as 30s or 2m (at most ${LONGEST}), 1t to ${DURATION_TICKS_MAX}t (ticks), or 0 for the longest.`,
  );
}

/** Sends one request and prints its answer; sets the exit code. */
async function ask(
  flags: CommonFlags,
  request: Record<string, unknown>,
  show: (answer: ControlAnswer, server: FoundServer) => void,
): Promise<void> {
  try {
    const server = await serverOf("inject-fault", flags);
    await using control = await ControlClient.connect(endOf(server));
    const answer = await control.ask(request);
    if (flags.format === "json") outJson(answer);
    else show(answer, server);
  } catch (error) {
    failed(error);
  }
}

/** Keeps a fault active until a signal comes or it ends by itself. */
async function hold(flags: CommonFlags, request: ActivateRequest): Promise<void> {
  const { promise: end, resolve: stop } = Promise.withResolvers<string>();
  const onSignal = (): void => stop("asked for");
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    const server = await serverOf("inject-fault", flags);
    await using faults = await FaultLeases.connect(endOf(server), (_faultId, reason) => stop(reason));
    const answer = await faults.activate(request);
    if (flags.format === "json") outJson(answer);
    else {
      showWhere(answer);
      out(paint.dim("Held: Ctrl-C ends it."));
    }
    const reason = await end;
    if (flags.format === "json") outJson({ success: true, command: "hold", fault_id: request.fault_id, ended: reason });
    else out(`${request.fault_id} is ended: ${reason}`);
  } catch (error) {
    failed(error);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function endOf({ host, ports: { control: port }, token }: FoundServer): ControlClientOptions {
  return { host, port, ...(token === undefined ? {} : { token }) };
}

function failed(error: unknown): void {
  // An error without a code of ours is a connection error of the system.
  fail(error, error instanceof WowsimError ? exitCodeOf(error) : EXIT.unreachable);
}

function showActivated(answer: ControlAnswer, server: FoundServer): void {
  showWhere(answer);
  out(paint.dim(`End it: ${pasteable(`wowsim inject-fault deactivate ${answer["fault_id"]}`, server)}`));
}

function showWhere({ fault_id, targets, ticks_left, activations, replaced }: ControlAnswer): void {
  const zones = targets as number[];
  const where = zones.length === 0 ? "the whole server" : `zone${zones.length > 1 ? "s" : ""} ${zoneRanges(zones)}`;
  out(`${paint.yellow(String(fault_id))} is active on ${where} for ${seconds(Number(ticks_left))}.`);
  if (replaced === true) out(paint.dim(`It was already active and restarts: activation number ${activations}.`));
  else if (Number(activations) > 1) out(paint.dim(`Activation number ${activations}.`));
}

function showDeactivated({ fault_id, was_active }: ControlAnswer): void {
  out(was_active === true ? `${fault_id} is ended.` : `${fault_id} was not active.`);
}

function showRemoved({ removed, halted }: ControlAnswer, server: FoundServer): void {
  const ids = removed as string[];
  out(ids.length === 0 ? "No fault was active." : `Ended: ${ids.join(", ")}.`);
  if (halted === true) out(`No fault can be activated until: ${pasteable("wowsim inject-fault resume", server)}`);
}

function showStatus({ status }: ControlAnswer): void {
  for (const line of faultDetails(status as FaultStatus)) out(line);
}

function showList({ faults, halted }: ControlAnswer, server: FoundServer): void {
  for (const line of faultTable(faults as FaultStatus[])) out(line);
  if (halted === true)
    out(paint.red(`\nHalted: no fault can be activated until: ${pasteable("wowsim inject-fault resume", server)}`));
}

function sentence(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
