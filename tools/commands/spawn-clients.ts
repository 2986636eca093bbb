// wowsim spawn-clients: real players over real sockets, and what they measured.

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { openFilesMax } from "../../server/protocol/open-files.ts";
import type { ClientStats, Percentiles } from "../client/client-stats.ts";
import type { GuestStats } from "../client/guest-load.ts";
import type { FoundServer } from "../client/find-server.ts";
import { metricLines, parseFailIf, verdictOf } from "../client/fail-if.ts";
import type { FailIf, FailIfVerdict } from "../client/fail-if.ts";
import { LiveLine, measuresOf } from "../client/load-measures.ts";
import { hostAndPort } from "../client/server-name.ts";
import { BEHAVIOURS } from "../client/roles.ts";
import type { BehaviourName } from "../client/roles.ts";
import type { Protocol } from "../client/wire.ts";
import { addFormatFlag, durationFrom, parseInteger, parseNumber } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, withServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { err, EXIT, fail, isTerminal, note, out, outJson } from "../ui/output.ts";
import { parentGone } from "../ui/parent.ts";
import { progressBar } from "../ui/progress.ts";

interface SpawnFlags extends ServerFlags {
  count: number;
  duration: number;
  rate: number;
  seed: number;
  behaviour: BehaviourName;
  zone?: number;
  protocol: Protocol;
  guests?: boolean;
  characters?: boolean;
  failIf: FailIf[];
  withParent?: boolean;
  format: OutputFormat;
}

/** The common interface of both kinds of load. */
interface Load {
  readonly playing: number;
  readonly stats: ClientStats | GuestStats;
  stop(): Promise<void>;
}

const LOOK_MS = 100;
/** The files that the process has open beside its clients' sockets. */
const OTHER_FILES = 40;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function register(program: Command): void {
  const command = program
    .command("spawn-clients")
    .description("Let real TCP clients play: they move, fight, cast, die, come back, and check what the server sends.")
    .option("--count <n>", "how many", parseInteger(1, 10_000), 50)
    .addOption(
      new Option("--duration <s>", "how long, after all have joined: 30, 30s, 5m")
        .argParser(durationFrom("1s", "168h"))
        .default(30_000, "30s"),
    )
    .option("--rate <n>", "actions a second of each (the server's limit is 100 messages)", parseNumber(0.01, 90), 2)
    .option("--seed <n>", "seed of what they do", parseInteger(0, 0xffff_ffff), 1)
    .addOption(new Option("--behaviour <name>", "what they do").choices(BEHAVIOURS).default("alone"))
    .option("--zone <n>", "put all into this zone; default: spread over the zones", parseInteger(1, 65_535))
    .addOption(new Option("--protocol <name>", "encoding they speak").choices(["json", "binary"]).default("json"))
    .option("--guests", "instead: clients of the earlier simulator, which send and never read")
    .option("--characters", "characters, which keep their level, place and things; --seed says which ones")
    .addOption(
      new Option(
        "--fail-if <condition>",
        "exit with code 1 when this is true at the end, such as 'p99>100ms'; can be repeated",
      )
        .argParser(collectFailIf)
        .default([], "none"),
    )
    .option("--with-parent", "end when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      `\nBehaviours: alone (fights what is near), tank (draws creatures off the others),
healer, caster (keeps its distance), wander, trader (trades small amounts with
players nearby), mixed (a bit of each, without trade).
Ctrl-C ends it early, with the summary.

Conditions of --fail-if: a metric, one of > >= < <= == !=, a value. A metric
that was not measured counts as failed.
${metricLines().join("\n")}\n${exitCodes({
        0: "success",
        1: "a client never got in, was out at the end or met a protocol error,\n       or a --fail-if condition is true",
        3: "no server answers, or it is gone at the end",
        130: "Ctrl-C before all were in",
      })}`,
    );
  addServerFlags(command, "spawn-clients");
  addFormatFlag(command).action(spawnClients);
}

async function spawnClients(flags: SpawnFlags): Promise<void> {
  const bar = progressBar(flags.guests === true ? "guests" : "players");
  const stop = new AbortController();
  const onSignal = (): void => {
    // The second signal does not wait for anything.
    if (stop.signal.aborted) {
      bar.done();
      process.exit(EXIT.interrupted);
    }
    stop.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  if (flags.withParent === true) void parentGone().then(() => stop.abort());
  try {
    const { host, port, load } = await withServer("spawn-clients", flags, (server) =>
      start(flags, server, stop.signal, (connected) =>
        bar.update(connected / flags.count, `connected ${connected} of ${flags.count}`),
      ),
    );
    const wereIn = !stop.signal.aborted;
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    const say = (line: string): void => bar.interrupt(() => note(line));
    const watch = new LinkWatch(load, say);
    const live = new LiveLine(load, isTerminal(process.stderr) ? null : say);
    await playFor(flags.duration, stop.signal, (elapsedMs) => {
      watch.look(elapsedMs);
      bar.update(elapsedMs / flags.duration, live.look(elapsedMs));
    });
    const elapsedS = (performance.now() - startedAt) / 1_000;
    const usage = usageSince(cpuBefore, elapsedS);
    const playing = load.playing;
    await load.stop();
    bar.done();
    const measures = measuresOf(load.stats, { elapsedS, playing, count: flags.count });
    const verdicts = flags.failIf.map((condition) => verdictOf(condition, measures));
    report(flags, load.stats, elapsedS, playing, usage, verdicts);
    judge(flags.count, hostAndPort(host, port), load.stats, playing, wereIn, verdicts);
  } catch (error) {
    bar.done();
    fail(error);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
    // The pending read of stdin must not keep the process alive.
    if (flags.withParent === true) process.stdin.pause();
  }
}

/** An argument parser that adds to the values of earlier flags with the same name. */
function collectFailIf(text: string, before: FailIf[]): FailIf[] {
  try {
    return [...before, parseFailIf(text)];
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** Reports when all clients have lost the server, and when the first is back. */
class LinkWatch {
  readonly #load: Load;
  readonly #say: (line: string) => void;
  #isLost = false;

  constructor(load: Load, say: (line: string) => void) {
    this.#load = load;
    this.#say = say;
  }

  look(elapsedMs: number): void {
    const isLost = this.#load.playing === 0;
    if (isLost === this.#isLost) return;
    this.#isLost = isLost;
    const at = `${(elapsedMs / 1_000).toFixed(1)} s`;
    if (isLost) this.#say(`at ${at} every client had lost its link; they try to come back until the time is up.`);
    else this.#say(`at ${at} the first were back.`);
  }
}

/** Sets the exit code, and prints the reason when it is not 0. */
function judge(
  count: number,
  server: string,
  stats: Load["stats"],
  playing: number,
  wereIn: boolean,
  verdicts: FailIfVerdict[],
): void {
  if (!wereIn) return fail("interrupted before all were in", EXIT.interrupted);
  if (playing === 0 && stats.drops > 0)
    return fail(
      `The server at ${server} is gone; see its last output, and start it with wowsim serve.`,
      EXIT.unreachable,
    );
  const faults = [
    stats.connects < count ? `${count - stats.connects} of ${count} clients never got in` : "",
    playing < stats.connects ? `${stats.connects - playing} were out of the game at the end` : "",
    "protocolErrors" in stats && stats.protocolErrors > 0 ? `${stats.protocolErrors} protocol errors` : "",
    ...verdicts.map(({ condition, failed, said }) => (failed ? `--fail-if '${condition}': ${said}` : "")),
  ].filter((fault) => fault !== "");
  if (faults.length > 0) fail(`${faults.join("; ")}.`, EXIT.degraded);
}

/** Connects the load; its modules are loaded only now, so that --help is instant. */
async function start(
  flags: SpawnFlags,
  { host, ports: { game: port }, playerToken: token }: FoundServer,
  signal: AbortSignal,
  onConnected: (count: number) => void,
): Promise<{ host: string; port: number; load: Load }> {
  const { count, rate, seed, behaviour, zone, characters } = flags;
  checkOpenFiles(count);
  const options = { host, port, count, rate, seed, signal, onConnected };
  if (flags.guests === true) {
    const { GuestLoad } = await import("../client/guest-load.ts");
    return { host, port, load: await GuestLoad.start(options) };
  }
  const { Swarm } = await import("../client/swarm.ts");
  const load = await Swarm.start({
    ...options,
    behaviour,
    characters: characters === true,
    protocol: flags.protocol,
    ...(zone === undefined ? {} : { zone }),
    ...(token === undefined ? {} : { token }),
  });
  return { host, port, load };
}

/** Throws WowsimError("open_files") when the system does not let one process have so many sockets. */
function checkOpenFiles(count: number): void {
  const most = openFilesMax();
  if (most === null || count + OTHER_FILES <= most) return;
  const message = `This system lets a process have ${most} files open, too few for ${count} clients; raise the limit (ulimit -n 16384).`;
  throw new WowsimError("open_files", message);
}

/** Waits until the time is over or the signal comes. */
async function playFor(durationMs: number, signal: AbortSignal, look: (elapsedMs: number) => void): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const elapsed = performance.now() - startedAt;
    if (elapsed >= durationMs || signal.aborted) return;
    look(elapsed);
    await Bun.sleep(Math.min(LOOK_MS, durationMs - elapsed));
  }
}

/** The CPU and memory that the players used on this machine while they played. */
function usageSince(before: NodeJS.CpuUsage, elapsedS: number): { cores: number; rss_mb: number } {
  const { user, system } = process.cpuUsage(before);
  return {
    cores: round((user + system) / 1e6 / Math.max(elapsedS, 0.001)),
    rss_mb: round(process.memoryUsage.rss() / 2 ** 20),
  };
}

function report(
  flags: SpawnFlags,
  stats: ClientStats | GuestStats,
  elapsedS: number,
  playing: number,
  usage: { cores: number; rss_mb: number },
  verdicts: readonly FailIfVerdict[],
): void {
  const { count, rate, seed, format } = flags;
  if (format === "json")
    return outJson({
      count,
      rate,
      seed,
      elapsed_s: round(elapsedS),
      playing_at_end: playing,
      ...stats.toJson(),
      process: usage,
      ...(verdicts.length > 0 ? { fail_if: verdicts } : {}),
    });
  out(
    `${stats.connects} of ${count} clients got in; ${playing} were playing at the end, after ${elapsedS.toFixed(1)} s.`,
  );
  if ("protocolErrors" in stats) reportPlayers(stats, elapsedS);
  else reportGuests(stats, elapsedS);
  for (const { condition, failed, said } of verdicts)
    out(`${failed ? "FAILED" : "ok    "}           ${condition}: ${said}`);
}

function reportPlayers(stats: ClientStats, elapsedS: number): void {
  out(
    `actions          ${stats.actions} sent (${perSecond(stats.actions, elapsedS)}), ${stats.acks} acknowledged, ${stats.busy} refused as busy, ${stats.lost} lost with a link or a zone`,
  );
  if (stats.turnsOut > 0)
    out(`                 ${stats.turnsOut} more not taken, because the player was out of the game`);
  if (stats.turnsLate > 0)
    out(`                 ${stats.turnsLate} more not taken, because this machine could not keep the pace`);
  out(`round trip       ${percentiles(stats.roundTripMs)}   (action to acknowledged state)`);
  out(`ping             ${percentiles(stats.pingMs)}`);
  out(`received         ${stats.states} states, ${stats.events} events, ${(stats.bytesIn / 1e6).toFixed(1)} MB`);
  out(`deaths           ${stats.deaths}, ${stats.revivals} came back`);
  if (stats.zoneChanges > 0) out(`zones changed    ${stats.zoneChanges}`);
  out(`drops            ${stats.drops}`);
  out(`reconnects       ${stats.reconnects} (${stats.resumed} to the same session)`);
  out(`protocol errors  ${stats.protocolErrors}`);
  for (const example of stats.protocolErrorExamples) err(`  ${example}`);
  if (stats.refusals.size > 0) out(`refused          ${listed(stats.refusals)}`);
  if (stats.eventsByName.size > 0) out(`saw              ${listed(stats.eventsByName)}`);
  if (stats.errors.size > 0) out(`errors           ${listed(stats.errors)}`);
}

function reportGuests(stats: GuestStats, elapsedS: number): void {
  out(
    `messages         ${stats.messages} sent (${perSecond(stats.messages, elapsedS)}), ${stats.messagesSkipped} skipped: socket full or gone`,
  );
  if (stats.messagesLate > 0)
    out(`                 ${stats.messagesLate} more not sent, because this machine could not keep the pace`);
  out(`drops            ${stats.drops}`);
  out(`reconnects       ${stats.reconnects}`);
}

function percentiles({ count, p50, p90, p99, max }: Percentiles): string {
  if (count === 0) return "nothing measured";
  return Object.entries({ p50, p90, p99, max })
    .map(([name, ms]) => `${name} ${ms?.toFixed(1) ?? "?"} ms`)
    .join(", ");
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

function perSecond(count: number, elapsedS: number): string {
  return `${Math.round(count / Math.max(elapsedS, 0.001))}/s`;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
