// The Prometheus metrics of a gateway of a cluster: its number, what it hears of zones, and whose sessions it took or gave.

import type { GatewayFigures } from "../protocol/gateway-options.ts";
import type { BusZones } from "./cluster/bus-zones.ts";
import type { MetricsSink } from "./monitoring/metrics-sink.ts";
import type { Readiness } from "./monitoring/readiness.ts";

interface Parts {
  gateway: number;
  figures(): GatewayFigures;
  readiness: Readiness;
  zones: BusZones;
}

export function registerClusterGateway(metrics: MetricsSink, { gateway, figures, readiness, zones }: Parts): void {
  metrics.gauge("wowsim_ready", "1 while the server can take players, as /readyz says.", [], () => [
    { value: Number(readiness.check().ready) },
  ]);
  metrics.gauge("wowsim_cluster_gateway", "Number of this gateway.", [], () => [{ value: gateway }]);
  metrics.gauge("wowsim_cluster_zone_epoch", "Newest epoch that was heard of a zone.", ["zone"], () =>
    figures().zones.map(({ zone, epoch }) => ({ labels: { zone }, value: epoch })),
  );
  metrics.gauge("wowsim_cluster_commands_waiting", "Commands that no tick of the zone has told yet.", ["zone"], () =>
    figures().zones.map(({ zone, waiting }) => ({ labels: { zone }, value: waiting })),
  );
  metrics.gauge(
    "wowsim_cluster_sessions_sought",
    "Sessions of gateways that are gone, whose players are sought.",
    [],
    () => [{ value: figures().sought }],
  );
  const help = "Sessions that came from gateways that are gone, or were given to living ones.";
  metrics.counter("wowsim_cluster_sessions_moved_total", help, ["how"], () => {
    const { adopted, given } = figures();
    return [
      { labels: { how: "adopted" }, value: adopted },
      { labels: { how: "given" }, value: given },
    ];
  });
  metrics.counter(
    "wowsim_cluster_batches_total",
    "What zones told: all batches, those of an older epoch, those that could not be read, and times when some were missing.",
    ["what"],
    () => {
      const { batches, staleBatches, badBatches, gaps } = zones.counts;
      const counts = { all: batches, stale: staleBatches, bad: badBatches, gap: gaps };
      return Object.entries(counts).map(([what, value]) => ({ labels: { what }, value }));
    },
  );
  metrics.counter("wowsim_cluster_resends_total", "Times when commands were sent again to a zone.", [], () => [
    { value: zones.counts.resends },
  ]);
}
