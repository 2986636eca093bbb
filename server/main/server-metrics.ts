// The Prometheus metrics of the gateway, the faults, the control channel and the supervisor: each registers a source
// that is read at a scrape. (The zones' tick numbers register themselves in server/main/monitoring/zone-metrics.ts.)

import type { Characters } from "./gateway/characters.ts";
import type { DeployGate } from "./control/deploy-gate.ts";
import type { ControlServer } from "./control/server.ts";
import type { FaultRegistry } from "./faults/registry.ts";
import type { JournalHost } from "./journal/journal-host.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { HttpServer } from "./monitoring/http.ts";
import type { MetricsSink } from "./monitoring/metrics-sink.ts";
import type { Readiness } from "./monitoring/readiness.ts";
import type { ZoneSupervisor } from "./zones/supervisor.ts";

interface Parts {
  supervisor: ZoneSupervisor;
  gateway: Gateway;
  faults: FaultRegistry;
  control: ControlServer;
  readiness: Readiness;
  deploys: Pick<DeployGate, "ended" | "frozen" | "isBusy">;
  journal: Pick<JournalHost, "failing" | "figures" | "restarts" | "waitingBytes">;
  tickRateHz: number;
}

export function registerServerMetrics(metrics: MetricsSink, parts: Parts): void {
  const { supervisor, gateway, faults, control, readiness, deploys, journal, tickRateHz } = parts;
  metrics.gauge("wowsim_ready", "1 while the server can take players, as /readyz says.", [], () => [
    { value: Number(readiness.check().ready) },
  ]);
  metrics.gauge("wowsim_tick_rate_hz", "Ticks a second that every zone is meant to do at full game time.", [], () => [
    { value: tickRateHz },
  ]);
  metrics.gauge("wowsim_entities_in_two_zones", "Entities that the census found in more than one zone.", [], () => [
    { value: supervisor.duplicates },
  ]);
  metrics.gauge(
    "wowsim_items_unaccounted",
    "Kinds of items of which the players of a zone hold more or less than its ledger says.",
    ["zone"],
    () => [...supervisor.items].map(([zone, { wrongKinds }]) => ({ labels: { zone }, value: wrongKinds })),
  );
  metrics.gauge("wowsim_gold_held", "Gold that the players of a zone hold.", ["zone"], () =>
    [...supervisor.items].map(([zone, { gold }]) => ({ labels: { zone }, value: gold })),
  );
  registerGatewayMetrics(metrics, gateway);
  registerWorkers(metrics, supervisor);
  registerJournal(metrics, journal);
  registerDeploys(metrics, deploys);
  registerFaults(metrics, faults);
  metrics.gauge("wowsim_control_connections", "Open control connections.", [], () => [{ value: control.connections }]);
  metrics.counter("wowsim_control_requests_total", "Control requests, by outcome.", ["outcome"], () => {
    const { requests, failed, malformed } = control.counters;
    return [
      { labels: { outcome: "done" }, value: requests - failed },
      { labels: { outcome: "malformed" }, value: malformed },
      { labels: { outcome: "refused" }, value: failed - malformed },
    ];
  });
  metrics.counter(
    "wowsim_control_refused_total",
    "Control connections that were closed, by why: room made for others, no token in time, wrong tokens, ...",
    ["reason"],
    () => [...control.counters.refused].map(([reason, value]) => ({ labels: { reason }, value })),
  );
  metrics.counter("wowsim_control_wrong_tokens_total", "Wrong tokens shown to the control port.", [], () => [
    { value: control.counters.wrongTokens },
  ]);
  metrics.gauge("wowsim_zone_kernel_info", "The kernel module each zone runs.", ["zone", "hash", "label"], () =>
    [...supervisor.zones.values()].map((zone) => ({
      labels: { zone: zone.id, hash: zone.kernelHash, label: zone.kernelLabel },
      value: 1,
    })),
  );
}

function registerDeploys(metrics: MetricsSink, deploys: Parts["deploys"]): void {
  metrics.gauge("wowsim_deploys_frozen", "1 while deploys are frozen.", [], () => [
    { value: Number(deploys.frozen !== null) },
  ]);
  metrics.gauge("wowsim_deploy_under_way", "1 while a deploy is under way.", [], () => [
    { value: Number(deploys.isBusy) },
  ]);
  metrics.counter(
    "wowsim_deploys_ended_total",
    "Deploys that ended, by how: promoted, rolled_back, ...",
    ["outcome"],
    () => [...deploys.ended].map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
}

function registerWorkers(metrics: MetricsSink, supervisor: ZoneSupervisor): void {
  metrics.counter(
    "wowsim_zone_worker_restarts_total",
    "Zone workers that were lost and begun again, by how they ended.",
    ["reason"],
    () => [...supervisor.losses.restarts].map(([reason, value]) => ({ labels: { reason }, value })),
  );
  metrics.gauge(
    "wowsim_zone_worker_threads_burning",
    "Threads of lost zone workers that are in an endless loop and can not be ended.",
    [],
    () => [{ value: supervisor.burningThreads }],
  );
  metrics.counter(
    "wowsim_server_standstills_total",
    "Times the main thread did not run for longer than half of --watchdog-ms.",
    [],
    () => [{ value: supervisor.losses.standstills }],
  );
}

function registerJournal(metrics: MetricsSink, journal: Parts["journal"]): void {
  const { figures } = journal;
  const help = "Time from the begin of a burst of records to its being safe.";
  metrics.histogram("wowsim_journal_commit_seconds", help, () => [{ labels: {}, buckets: figures.buckets }]);
  metrics.counter("wowsim_journal_failures_total", "Bursts that the disk refused; each is tried again.", [], () => [
    { value: figures.failures },
  ]);
  metrics.gauge("wowsim_journal_failing", "1 while the journal can not be written.", [], () => [
    { value: Number(journal.failing !== null) },
  ]);
  metrics.gauge("wowsim_journal_waiting_bytes", "Bytes of records that are not safe yet.", [], () => [
    { value: journal.waitingBytes },
  ]);
  metrics.counter("wowsim_journal_restarts_total", "Times the journal thread died and was started again.", [], () => [
    { value: journal.restarts },
  ]);
  metrics.counter("wowsim_journal_cpu_seconds_total", "Processor time of the journal thread.", [], () => [
    { value: figures.cpuMs / 1_000 },
  ]);
}

export function registerHttpMetrics(metrics: MetricsSink, http: HttpServer): void {
  metrics.gauge("wowsim_http_connections", "Open HTTP connections.", [], () => [{ value: http.connections }]);
  metrics.counter(
    "wowsim_http_refused_total",
    "HTTP connections closed and requests refused, by why: room made for others, too slow, wrong tokens.",
    ["reason"],
    () => Object.entries(http.refused).map(([reason, value]) => ({ labels: { reason }, value })),
  );
}

/** The metrics of a gateway, in a server or in a cluster. */
export function registerGatewayMetrics(metrics: MetricsSink, gateway: Gateway): void {
  registerTraffic(metrics, gateway);
  registerCharacters(metrics, gateway.characters);
}

function registerTraffic(metrics: MetricsSink, gateway: Gateway): void {
  const { counters } = gateway;
  metrics.gauge("wowsim_sessions", "Sessions, by what they are.", ["state"], () => {
    const { sessions, connected, inWorld } = gateway.trafficNow();
    return [
      { labels: { state: "all" }, value: sessions },
      { labels: { state: "connected" }, value: connected },
      { labels: { state: "in_world" }, value: inWorld },
    ];
  });
  const totals = {
    accepted: "Connections accepted.",
    disconnected: "Connections ended.",
    resumed: "Sessions resumed after a lost link.",
    messages: "Complete messages read from clients.",
    bytesIn: "Bytes read from clients.",
    bytesOut: "Bytes written to clients.",
    malformed: "Malformed messages from clients.",
    commands: "Commands handed to zones.",
    commandsRefused: "Commands a zone's full queue refused.",
    framesSent: "State frames written.",
    framesDropped: "State frames not queued for slow readers, who are told everything anew later.",
    repliesDropped: "Answers not queued for slow readers.",
  } as const;
  for (const [name, help] of Object.entries(totals)) {
    const metric = `wowsim_gateway_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
    metrics.counter(metric, help, [], () => [{ value: counters[name as keyof typeof totals] }]);
  }
  const { membership } = gateway;
  metrics.counter(
    "wowsim_membership_mended_total",
    "Differences between sessions and zones, by what they were: an entity without a session, a player not in their zone.",
    ["what"],
    () => {
      const absent = Object.entries(membership.misses).map(([what, value]) => ({ labels: { what }, value }));
      return [{ labels: { what: "ghost" }, value: membership.ghosts }, ...absent];
    },
  );
  metrics.counter("wowsim_players_expelled_total", "Sessions that ended because no zone let the player in.", [], () => [
    { value: membership.expelled },
  ]);
  metrics.counter("wowsim_gateway_refused_total", "Refusals, by reason.", ["reason"], () =>
    [...counters.refused].map(([reason, value]) => ({ labels: { reason }, value })),
  );
}

function registerCharacters(metrics: MetricsSink, { store, counts }: Characters): void {
  metrics.gauge("wowsim_characters", "Characters, in the world or not.", [], () => [{ value: store.size }]);
  metrics.counter(
    "wowsim_character_logins_total",
    "Characters that entered the world, by how: new, back, or taken over from another connection.",
    ["how"],
    () => [
      { labels: { how: "created" }, value: counts.created },
      { labels: { how: "returned" }, value: counts.returned },
      { labels: { how: "taken_over" }, value: counts.takenOver },
    ],
  );
  metrics.counter(
    "wowsim_character_saves_total",
    "Departures of characters, by what became of the record: kept, not safe, or never handed out by the zone.",
    ["outcome"],
    () => [
      { labels: { outcome: "kept" }, value: counts.saved },
      { labels: { outcome: "not_safe" }, value: counts.saveFailed },
      { labels: { outcome: "never_came" }, value: counts.unrecorded },
    ],
  );
}

function registerFaults(metrics: MetricsSink, faults: FaultRegistry): void {
  const each = (read: (status: ReturnType<FaultRegistry["list"]>[number]) => number) => () =>
    faults.list().map((status) => ({ labels: { fault: status.id }, value: read(status) }));
  metrics.gauge(
    "wowsim_fault_active",
    "1 while the fault is active.",
    ["fault"],
    each((fault) => Number(fault.active)),
  );
  metrics.counter(
    "wowsim_fault_activations_total",
    "Activations.",
    ["fault"],
    each((fault) => fault.activations),
  );
}
