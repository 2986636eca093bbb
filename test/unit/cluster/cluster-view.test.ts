// What the controller makes of heartbeats.

import { expect, test } from "bun:test";
import type { GatewayBeat, HostBeat } from "../../../server/bus/wire.ts";
import { gatewayBeatOf, hostBeatOf } from "../../../server/main/cluster/beats.ts";
import { ClusterView, SILENT_MS_MAX } from "../../../server/main/cluster/cluster-view.ts";

const ZONES = [1, 2, 3].map((id) => ({ id, name: `Field ${id}` }));

function viewOf(): { view: ClusterView; wait(ms: number): void } {
  let nowMs = 1_000;
  const view = new ClusterView({ zones: ZONES, now: () => nowMs });
  return { view, wait: (ms) => void (nowMs += ms) };
}

function host(name: string, zones: Record<number, number>): HostBeat {
  const owned = Object.entries(zones).map(([zone, epoch]) => {
    return { zone: Number(zone), epoch, tick: 100, state: "ACTIVE", players: 2, lagMs: 1.5 };
  });
  return { host: name, pid: 7, load: 0.25, zones: owned };
}

const bytes = (beat: object): Uint8Array => new TextEncoder().encode(JSON.stringify(beat));

const gateway: GatewayBeat = { gateway: 1, pid: 8, sessions: 3, game: 4_000, http: 4_001 };

test("before anybody is heard, nobody owns anything", () => {
  const { zones, hosts, gateways } = viewOf().view.status();
  expect(zones.map(({ host: owner, state, next }) => [owner, state, next])).toEqual(
    ZONES.map(() => [null, "NOBODY", null]),
  );
  expect([hosts, gateways]).toEqual([[], []]);
});

test("hosts and gateways are told with what they have", () => {
  const { view, wait } = viewOf();
  view.hostBeat(host("b", { 3: 1 }));
  view.hostBeat(host("a", { 2: 1, 1: 4 }));
  view.gatewayBeat(gateway);
  wait(100);
  const { hosts, gateways, zones } = view.status();
  expect(hosts.map(({ host: name, zones: owned }) => [name, owned])).toEqual([
    ["a", [1, 2]],
    ["b", [3]],
  ]);
  expect(gateways).toEqual([{ ...gateway, silent_ms: 100, is_alive: true }]);
  expect(zones[0]).toEqual({
    zone: 1,
    name: "Field 1",
    host: "a",
    epoch: 4,
    tick: 100,
    state: "ACTIVE",
    players: 2,
    lag_ms: 1.5,
    next: "b",
  });
});

test("the host with the fewest zones would take over", () => {
  const { view } = viewOf();
  view.hostBeat(host("a", { 1: 1, 2: 1 }));
  view.hostBeat(host("b", { 3: 1 }));
  view.hostBeat(host("c", {}));
  expect(view.status().zones.map(({ next }) => next)).toEqual(["c", "c", "c"]);
});

test("a host that is silent owns nothing, and is told to be silent", () => {
  const { view, wait } = viewOf();
  view.hostBeat(host("a", { 1: 1 }));
  wait(SILENT_MS_MAX);
  const { hosts, zones } = view.status();
  expect(hosts[0]).toMatchObject({ host: "a", is_alive: false, zones: [], silent_ms: SILENT_MS_MAX });
  expect(zones[0]).toMatchObject({ host: null, epoch: 1, state: "NOBODY" });
});

test("an owner that wakes up with an old epoch is no owner", () => {
  const { view } = viewOf();
  view.hostBeat(host("a", { 1: 1 }));
  view.hostBeat(host("b", { 1: 2 }));
  view.hostBeat(host("a", { 1: 1 }));
  const { hosts, zones } = view.status();
  expect(zones[0]).toMatchObject({ host: "b", epoch: 2 });
  expect(hosts.map(({ zones: owned }) => owned)).toEqual([[], [1]]);
});

test.each(["", "{}", "[1]", '{"gateway":"one"}', '{"host":"","pid":1,"load":0,"zones":[]}', "\xff"])(
  "%p is no heartbeat",
  (text) => {
    const said = new TextEncoder().encode(text);
    expect([gatewayBeatOf(said), hostBeatOf(said)]).toEqual([null, null]);
  },
);

test("a heartbeat is read as it was sent", () => {
  expect(gatewayBeatOf(bytes(gateway))).toEqual(gateway);
  expect(hostBeatOf(bytes(host("a", { 1: 2 })))).toEqual(host("a", { 1: 2 }));
});
