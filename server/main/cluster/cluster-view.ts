// One view over a cluster, from the heartbeats of its hosts and gateways: who runs what, how far behind, and who would take over.
//
//   const view = new ClusterView({ zones: world.zones, now })
//   view.hostBeat(beat); view.gatewayBeat(beat)       // twice a second from each
//   view.status()                                     // server/protocol/cluster.ts
//
// Heartbeats only tell. What decides who owns a zone is the last fence in its journal, so of two hosts that claim a zone the one
// with the newer epoch is right.

import type { GatewayBeat, HostBeat } from "../../bus/wire.ts";
import type { ClusterStatus, GatewayStatus, HostStatus, ZoneStatus } from "../../protocol/cluster.ts";

/** Four heartbeats. */
export const SILENT_MS_MAX = 2_000;
/** Who is silent for longer is forgotten. */
const FORGOTTEN_MS = 600_000;
/** More are not kept: beats come from the network. */
const KEPT_MAX = 1_024;
const NOBODY = "NOBODY";

export interface ClusterViewOptions {
  zones: readonly { readonly id: number; readonly name: string }[];
  /** Milliseconds, monotonic. */
  now: () => number;
}

interface Heard<Beat> {
  beat: Beat;
  atMs: number;
}

type ZoneBeat = HostBeat["zones"][number];
interface Claim extends ZoneBeat {
  host: string;
}

export class ClusterView {
  readonly #options: ClusterViewOptions;
  readonly #hosts = new Map<string, Heard<HostBeat>>();
  readonly #gateways = new Map<number, Heard<GatewayBeat>>();
  /** The newest epoch heard of, by zone: an owner of an older one has lost the zone and does not know it yet. */
  readonly #epochs = new Map<number, number>();

  constructor(options: ClusterViewOptions) {
    this.#options = options;
  }

  hostBeat(beat: HostBeat): void {
    this.#keep(this.#hosts, beat.host, beat);
    for (const { zone, epoch } of beat.zones) this.#epochs.set(zone, Math.max(epoch, this.#epochs.get(zone) ?? 0));
  }

  gatewayBeat(beat: GatewayBeat): void {
    this.#keep(this.#gateways, beat.gateway, beat);
  }

  status(): ClusterStatus {
    const claims = this.#claims();
    const owned = (host: string): number[] =>
      [...claims.values()].filter((claim) => claim.host === host).map(({ zone }) => zone);
    const hosts = [...this.#hosts.values()]
      .map(({ beat: { host, pid, load }, atMs }): HostStatus => {
        return { host, pid, load, ...this.#silence(atMs), zones: owned(host).toSorted((a, b) => a - b) };
      })
      .toSorted((a, b) => (a.host < b.host ? -1 : 1));
    const gateways = [...this.#gateways.values()]
      .map(({ beat: { gateway, pid, sessions, game, http }, atMs }): GatewayStatus => {
        return { gateway, pid, sessions, game, http, ...this.#silence(atMs) };
      })
      .toSorted((a, b) => a.gateway - b.gateway);
    const zones = this.#options.zones.map(({ id, name }) => this.#zone(id, name, claims.get(id), hosts));
    return { hosts, gateways, zones };
  }

  #zone(zone: number, name: string, claim: Claim | undefined, hosts: readonly HostStatus[]): ZoneStatus {
    const next = nextOwner(hosts, claim?.host);
    if (claim === undefined) {
      const epoch = this.#epochs.get(zone) ?? 0;
      return { zone, name, host: null, epoch, tick: 0, state: NOBODY, players: 0, lag_ms: 0, next };
    }
    const { host, epoch, tick, state, players, lagMs } = claim;
    return { zone, name, host, epoch, tick, state, players, lag_ms: lagMs, next };
  }

  /** By zone: the living host with the newest epoch. */
  #claims(): Map<number, Claim> {
    const claims = new Map<number, Claim>();
    for (const { beat, atMs } of this.#hosts.values()) {
      if (!this.#silence(atMs).is_alive) continue;
      for (const zone of beat.zones)
        if (zone.epoch === this.#epochs.get(zone.zone)) claims.set(zone.zone, { ...zone, host: beat.host });
    }
    return claims;
  }

  #silence(atMs: number): { silent_ms: number; is_alive: boolean } {
    const silentMs = Math.round(this.#options.now() - atMs);
    return { silent_ms: silentMs, is_alive: silentMs < SILENT_MS_MAX };
  }

  #keep<Key, Beat>(heard: Map<Key, Heard<Beat>>, key: Key, beat: Beat): void {
    const nowMs = this.#options.now();
    for (const [old, { atMs }] of heard) if (nowMs - atMs > FORGOTTEN_MS) heard.delete(old);
    if (heard.has(key) || heard.size < KEPT_MAX) heard.set(key, { beat, atMs: nowMs });
  }
}

/** Hosts with fewer zones are quicker (docs/CLUSTER.md, Takeover). */
function nextOwner(hosts: readonly HostStatus[], owner: string | undefined): string | null {
  const others = hosts.filter(({ host, is_alive: isAlive }) => isAlive && host !== owner);
  return others.toSorted((a, b) => a.zones.length - b.zones.length)[0]?.host ?? null;
}
