// Fuzzes a real server's game and control ports: random bytes, cut-off,
// huge and deeply nested messages, wrong types, wrong lengths, messages split at every byte, in JSON lines and in the binary
// encoding; half of it while one zone traps and another runs into its fuel limit every second.
//
//   bun bench/fuzz.ts --messages 1000000
//
// Exit code 1 when the server ends, falls silent, grows, refuses without counting, or answers operators late.

import { join } from "node:path";
import { difference, isBelow } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { seededRandom, seedOf } from "../server/protocol/seeded-random.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { startControlProbe } from "./lib/control-probe.ts";
import type { ProbedAnswers } from "./lib/control-probe.ts";
import { fuzzConnection, newTally, splitEverywhere } from "./lib/fuzz-connection.ts";
import type { FuzzTally } from "./lib/fuzz-connection.ts";
import { wholeMessage } from "../server/testing/fuzz-messages.ts";
import type { FuzzMessage } from "../server/testing/fuzz-messages.ts";
import { SPEECHES } from "./lib/fuzz-speech.ts";
import type { Speech, SpeechName } from "./lib/fuzz-speech.ts";
import { SCRAPE_INTERVAL_MS } from "../server/main/monitoring/metrics.ts";
import { greatestOf, isAtMost, quantile } from "../server/testing/statistics.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";

const WORLD = join(import.meta.dir, "../server/protocol/content/worlds/four-zones.toml");
/** What part of the messages, and of the connections, speaks how. */
const SHARES: Record<SpeechName, number> = { game: 0.5, binary: 0.3, control: 0.2 };
const SPEECH_NAMES = Object.keys(SHARES) as SpeechName[];
const MESSAGES_PER_CONNECTION = 120;
/** What the checks hold the figures to. */
const LIMITS = {
  answerMs: 100,
  /** What the memory may differ by between the last two quarters of the way: garbage not yet collected. */
  growthMb: 48,
} as const;
const SAMPLES_A_STORM = 40;
const BYTES_PER_MB = 1024 * 1024;

type Tallies = Record<SpeechName, FuzzTally>;

interface Sample {
  messages: number;
  rssMb: number;
}

const FLAGS = {
  messages: integer("messages in all", 100, 100_000_000, 1_000_000),
  connections: integer("open at a time", 2, 500, 32),
  seed: seedFlag("everything drawn"),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("fuzz", FLAGS, fuzz);

async function fuzz(flags: Flags): Promise<Check[]> {
  await using server = await startServerChild({ world: WORLD, seed: flags.seed });
  const tallies: Tallies = { game: newTally(), binary: newTally(), control: newTally() };
  const samples: Sample[] = [];
  const probe = startControlProbe(server.ports.control, "no fault");
  const start = performance.now();
  const sample = async (): Promise<void> => {
    const messages = messagesIn(tallies);
    samples.push({ messages, rssMb: (await server.metric("process_resident_memory_bytes")) / BYTES_PER_MB });
  };

  await sample();
  const splitWrong = await splitAll(server, tallies);
  await storm(server, flags, tallies, flags.messages * 0.5, sample);
  probe.mark("zone-trap and zone-runaway");
  await activate(server, "zone-trap", 1);
  await activate(server, "zone-runaway", 2);
  await storm(server, flags, tallies, flags.messages, sample);
  const seconds = (performance.now() - start) / 1_000;
  const { answers, failures } = await probe.stop();
  await ask(server, { command: "deactivate_all" });
  await sample();

  const counted = await countedByServer(server);
  const alive = server.exitCode === null && (await isAlive(server));
  const exitCode = await server.stop();
  const checks = judge({ tallies, samples, answers, failures, counted, splitWrong, alive, exitCode });
  if (flags.format === "json") {
    const { refused, control } = counted;
    const asObjects = { ...counted, refused: Object.fromEntries(refused), control: Object.fromEntries(control) };
    outJson({ seconds, tallies, samples, answers, failures, counted: asObjects, splitWrong, checks });
  } else print(flags, seconds, tallies, samples, answers, counted, checks);
  return checks;
}

function messagesIn(tallies: Tallies): number {
  return SPEECH_NAMES.reduce((sum, name) => sum + tallies[name].messages, 0);
}

/** Every sample message of both ports, whole, split at each byte, and byte by byte. */
async function splitAll(server: ServerChild, tallies: Tallies): Promise<number> {
  const runs = SPEECH_NAMES.flatMap((name) => {
    const speech: Speech = SPEECHES[name];
    return speech.samples.map((message) => splitEverywhere(speech, server.ports[speech.port], message, tallies[name]));
  });
  return (await Promise.all(runs)).reduce((sum, wrong) => sum + wrong, 0);
}

/** Connection after connection, so many at a time, until so many messages have been sent in all. */
async function storm(
  server: ServerChild,
  { seed, connections }: Flags,
  tallies: Tallies,
  until: number,
  sample: () => Promise<void>,
): Promise<void> {
  let nextSample = messagesIn(tallies);
  const lane = async (name: SpeechName, index: number): Promise<void> => {
    const speech: Speech = SPEECHES[name];
    const [tally, number] = [tallies[name], server.ports[speech.port]];
    const random = seededRandom(seedOf(seed, name, index, until));
    const options = { speech, number, draw: speech.draw(random), random, messagesMax: MESSAGES_PER_CONNECTION };
    while (tally.messages < until * SHARES[name] && server.exitCode === null && tally.silent < 20) {
      await fuzzConnection(options, tally);
      if (messagesIn(tallies) < nextSample) continue;
      nextSample = messagesIn(tallies) + until / SAMPLES_A_STORM;
      await sample();
    }
  };
  const lanes = SPEECH_NAMES.flatMap((name) =>
    Array.from({ length: Math.max(1, Math.round(connections * SHARES[name])) }, (_, index) => lane(name, index)),
  );
  await Promise.all(lanes);
}

async function ask(server: ServerChild, request: Record<string, unknown>): Promise<void> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  await control.ask(request);
}

function activate(server: ServerChild, faultId: string, zone: number): Promise<void> {
  return ask(server, { command: "activate", fault_id: faultId, target_zone_id: zone });
}

/** A player can still come in and is answered, and the HTTP port says that the process is alive. */
async function isAlive(server: ServerChild): Promise<boolean> {
  const health = await fetch(`http://127.0.0.1:${server.ports.http}/healthz`);
  const tally = newTally();
  // 0.5: not a guest, and does not break off.
  await fuzzConnection(
    { speech: SPEECHES.game, number: server.ports.game, draw: drawPing, random: () => 0.5, messagesMax: 2 },
    tally,
  );
  return health.ok && tally.answered === 1 && refusalsTold(tally) === 0;
}

function drawPing(): FuzzMessage {
  return { kind: "valid", bytes: wholeMessage({ type: "ping", t: 1 }) };
}

/** What the server's own counters say it read and refused, in a scrape that is made for it. */
async function countedByServer(server: ServerChild): Promise<Counted> {
  await Bun.sleep(SCRAPE_INTERVAL_MS);
  const [messages, malformed, busy, refused, control] = await Promise.all([
    server.metric("wowsim_gateway_messages_total"),
    server.metric("wowsim_gateway_malformed_total"),
    server.metric("wowsim_gateway_commands_refused_total"),
    server.metricByLabel("wowsim_gateway_refused_total"),
    server.metricByLabel("wowsim_control_requests_total"),
  ]);
  return { messages, malformed, busy, refused, control };
}

/** Messages understood and not, commands that found no room, refusals by reason; control requests by outcome. */
interface Counted {
  messages: number;
  malformed: number;
  busy: number;
  refused: Map<string, number>;
  control: Map<string, number>;
}

/** Refusals that were told more often than they were counted: "malformed 12 > 11"; must be none. */
function uncounted({ game, binary, control }: Tallies, counted: Counted): string[] {
  const countOf = (code: string): number => {
    if (code === "malformed") return counted.malformed;
    if (code === "busy") return counted.busy;
    return counted.refused.get(code.replace(/^limit_/, "")) ?? 0;
  };
  const refusedRequests = (counted.control.get("malformed") ?? 0) + (counted.control.get("refused") ?? 0);
  const codes = [...new Set([game, binary].flatMap(({ refusals }) => Object.keys(refusals)))];
  const told = (code: string): number => (game.refusals[code] ?? 0) + (binary.refusals[code] ?? 0);
  return [
    ...codes.filter((code) => told(code) > countOf(code)).map((code) => `${code} ${told(code)} > ${countOf(code)}`),
    ...(refusalsTold(control) > refusedRequests ? [`control ${refusalsTold(control)} > ${refusedRequests}`] : []),
  ];
}

function refusalsTold({ refusals }: FuzzTally): number {
  return Object.values(refusals).reduce((sum, told) => sum + told, 0);
}

interface Outcome {
  tallies: Tallies;
  samples: Sample[];
  answers: ProbedAnswers[];
  failures: string[];
  counted: Counted;
  splitWrong: number;
  alive: boolean;
  exitCode: number;
}

function judge({ tallies, samples, answers, failures, counted, splitWrong, alive, exitCode }: Outcome): Check[] {
  const msMax = greatestOf(answers.map((answer) => answer.msMax));
  const silent = SPEECH_NAMES.reduce((sum, name) => sum + tallies[name].silent, 0);
  const growth = growthMb(samples);
  const missing = uncounted(tallies, counted);
  const told = SPEECH_NAMES.reduce((sum, name) => sum + refusalsTold(tallies[name]), 0);
  return [
    {
      what: "The server lives, takes a player, and stops in order",
      holds: alive && exitCode === 0,
      shown: `exit code ${exitCode}`,
    },
    { what: "No connection fell silent", holds: silent === 0, shown: `${silent}` },
    {
      what: "What the server answers is its protocol",
      holds: SPEECH_NAMES.every((name) => tallies[name].garbled === 0),
      shown: `${SPEECH_NAMES.reduce((sum, name) => sum + tallies[name].garbled, 0)} answers that were not`,
    },
    { what: "A message means the same however it is split", holds: splitWrong === 0, shown: `${splitWrong} wrong` },
    {
      what: "Every refusal that was told is counted, by its code",
      holds: missing.length === 0 && told > 0,
      shown: `${told} told, ${missing.length === 0 ? "none of a code that was counted less often" : missing.join(", ")}`,
    },
    {
      what: `Memory grows by at most ${LIMITS.growthMb} MB from the third quarter to the last`,
      holds: isAtMost(growth, LIMITS.growthMb),
      shown: `${fixed(growth, 1)} MB`,
    },
    {
      what: `The control channel answers within ${LIMITS.answerMs} ms`,
      restsOn: "time",
      holds: isBelow(msMax, LIMITS.answerMs) && failures.length === 0,
      shown: `${fixed(msMax, 1)} ms at most, ${failures.length} failures${failures[0] === undefined ? "" : `: ${failures[0]}`}`,
    },
  ];
}

/** Floors, between which garbage comes and goes; both with the faults, and past the time in which heaps find their size. */
function growthMb(samples: Sample[]): Measured {
  const messages = samples.at(-1)?.messages ?? 0;
  const inQuarter = (quarter: number): number[] =>
    samples.filter((sample) => Math.ceil((sample.messages / messages) * 4) === quarter).map(({ rssMb }) => rssMb);
  return difference(quantile(inQuarter(4), 0.25), quantile(inQuarter(3), 0.25));
}

function print(
  flags: Flags,
  seconds: number,
  tallies: Tallies,
  samples: Sample[],
  answers: ProbedAnswers[],
  counted: Counted,
  checks: Check[],
): void {
  out(
    `bun bench/fuzz.ts --messages ${flags.messages} --connections ${flags.connections} --seed ${flags.seed}: ${seconds.toFixed(0)} s`,
  );
  for (const [name, tally] of Object.entries(tallies)) {
    const kinds = Object.entries(tally.sent).map(([kind, sent]) => `${kind} ${sent}`);
    out(
      `${name === "binary" ? "game port, binary" : `${name} port`}: ${tally.messages} messages, ${(tally.bytes / 1e6).toFixed(0)} MB, ${tally.connections} connections;`,
    );
    out(`  ${kinds.join(", ")}`);
    out(
      `  shown the door ${tally.shown}, refusals told ${refusalsTold(tally)}, signs of life ${tally.answered}, not connected ${tally.unconnected}`,
    );
  }
  out(
    `the gateway counted: ${counted.messages} messages understood, ${counted.malformed} malformed, ${counted.busy} busy;`,
  );
  out(`  refused: ${listed(counted.refused)}; control requests: ${listed(counted.control)}`);
  for (const { mark, count, msP50, msP99, msMax } of answers) {
    out(`control answers, ${mark}: ${count}, p50 ${fixed(msP50)}, p99 ${fixed(msP99)}, max ${fixed(msMax)} ms`);
  }
  out(`resident memory: ${samples.map(({ rssMb }) => rssMb.toFixed(0)).join(" ")} MB`);
  printChecks(checks);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}
