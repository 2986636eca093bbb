// Players play over a cluster of real processes, which die one after the other: a host, a gateway, the nats-server.

import { describe, expect, test } from "bun:test";
import { ClusterChild } from "../../server/testing/cluster-child.ts";
import { ClusterGame } from "../helpers/cluster.ts";
import { wowsim } from "../helpers/command.ts";
import { until } from "../helpers/control-live.ts";
import { NATS } from "../helpers/nats.ts";

const SIZE = { hosts: 2, gateways: 2, zones: 4, count: 16 };
const TAKE_MS_MAX = 60_000;
/** Longer than a silence that costs a host its zones. */
const PAUSE_MS = 3_000;

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe.skipIf(NATS === null)("players of a cluster", () => {
  test("play over two gateways, and know what their zones know", async () => {
    await using game = await ClusterGame.start(SIZE);
    await game.holds();
    const { gateways, zones } = await game.cluster.status();
    expect(gateways.map(({ sessions }) => sessions)).toEqual([SIZE.count / 2, SIZE.count / 2]);
    expect(zones.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1]);
    const { players } = game;
    expect(players.stats.drops).toBe(0);
  });

  test("play on when a host is killed: no link is closed, nothing is lost, and the host can come back", async () => {
    await using game = await ClusterGame.start(SIZE);
    const { name, zones } = await game.owner();
    const before = game.ear.epochs();
    await game.cluster.kill(name);
    expect([...(await game.ear.taken(zones, before, TAKE_MS_MAX)).keys()]).toEqual(zones);
    await game.holds();
    expect(game.players.stats).toMatchObject({ drops: 0, restarted: 0, resumed: 0 });
    await game.cluster.startAgain(name);
    await until("it is a standby", async () => {
      const { hosts } = await game.cluster.status();
      return hosts.some(({ host, is_alive: isAlive }) => isAlive && `host ${host}` === name);
    });
    await game.holds();
  });

  test("play on when an owner is stopped, and hear nothing of it when it wakes up", async () => {
    await using game = await ClusterGame.start(SIZE);
    const { name, zones } = await game.owner();
    const before = game.ear.epochs();
    const stoppedMs = performance.now();
    game.cluster.signal(name, "SIGSTOP");
    expect([...(await game.ear.taken(zones, before, TAKE_MS_MAX)).keys()]).toEqual(zones);
    await Bun.sleep(Math.max(0, PAUSE_MS - (performance.now() - stoppedMs)));
    game.cluster.signal(name, "SIGCONT");
    await until("it says that it owns nothing", async () => {
      const { hosts } = await game.cluster.status();
      const woken = hosts.find(({ host }) => `host ${host}` === name);
      return woken?.is_alive === true && woken.zones.length === 0;
    });
    await game.holds();
    // One batch may have been on its way when it was stopped; none was made after the fence.
    expect(game.ear.late).toEqual([]);
    expect(game.players.stats).toMatchObject({ drops: 0, restarted: 0 });
  });

  test("resume at another gateway when theirs is killed", async () => {
    await using game = await ClusterGame.start(SIZE);
    await game.playsOn();
    await game.cluster.kill("gateway 1");
    await until("all play at the other one", () =>
      game.players.clients.every((client) => client.isPlaying && client.port === game.cluster.gamePorts[1]),
    );
    await game.holds();
    expect(game.players.stats).toMatchObject({ restarted: 0 });
    expect(game.players.stats.resumed).toBeGreaterThanOrEqual(SIZE.count / 2);
    // Started again with the command that was told, it has the port that players know.
    await game.cluster.startAgain("gateway 1");
    await game.cluster.kill("gateway 2");
    await until("all play at the first one again", () =>
      game.players.clients.every((client) => client.isPlaying && client.port === game.cluster.gamePorts[0]),
    );
    await game.holds();
  });

  test("wait while the nats-server is away, and nobody takes over", async () => {
    await using game = await ClusterGame.start(SIZE);
    await game.playsOn();
    const before = game.ear.epochs();
    await game.cluster.kill("nats-server");
    await Bun.sleep(1_000);
    const backMs = performance.now();
    await game.cluster.startAgain("nats-server");
    expect(await game.ear.tickedAfter(backMs, [...before.keys()], TAKE_MS_MAX)).toBe(true);
    await game.holds();
    expect(game.ear.epochs()).toEqual(before);
    expect(game.players.stats).toMatchObject({ drops: 0, restarted: 0 });
  });
});

describe.skipIf(NATS === null)("a cluster", () => {
  test("ends in order, and leaves no process", async () => {
    await using cluster = await ClusterChild.start({ hosts: 2, gateways: 1, zones: 2 });
    const { hosts, gateways, nats } = cluster.ready;
    expect(hosts.flatMap(({ zones }) => zones).toSorted()).toEqual([1, 2]);
    expect(await cluster.stop()).toBe(0);
    for (const { pid } of [...hosts, ...gateways, nats]) expect(isGone(pid)).toBe(true);
    expect(cluster.events).toEqual([]);
  });

  test("ends with whoever started it, also by kill -9", async () => {
    await using cluster = await ClusterChild.start({ hosts: 1, gateways: 1, zones: 1 });
    const { hosts, gateways, nats } = cluster.ready;
    process.kill(cluster.pid, "SIGKILL");
    await until("all are gone", () => [...hosts, ...gateways, nats].every(({ pid }) => isGone(pid)));
  });

  test("a host that is told to leave hands over first", async () => {
    await using game = await ClusterGame.start(SIZE);
    const { name, zones } = await game.owner();
    const before = game.ear.epochs();
    game.cluster.signal(name, "SIGTERM");
    expect([...(await game.ear.taken(zones, before, TAKE_MS_MAX)).keys()]).toEqual(zones);
    await game.cluster.untilEnded(name);
    expect(game.cluster.events.find(({ event }) => event === "ended")).toMatchObject({ how: "code 0" });
    await game.holds();
    expect(game.players.stats).toMatchObject({ drops: 0, restarted: 0 });
  });

  test("a zone is moved to another host on order, and what can not be moved is refused with what to do", async () => {
    await using game = await ClusterGame.start(SIZE);
    const { name, zones } = await game.owner();
    const { hosts } = await game.allRun();
    const other = hosts.find(({ host }) => `host ${host}` !== name)!.host;
    await game.playsOn();
    const move = (zone: number | string, host: string) =>
      wowsim("cluster", "move", String(zone), host, "--data-dir", game.cluster.dataDir);
    for (const zone of zones) {
      const { code, stdout } = await move(zone, other);
      expect(stdout).toMatch(new RegExp(`^Zone ${zone} runs on host ${other} now, .*It stood still for \\d+ ms\\.\n$`));
      expect(code).toBe(0);
    }
    await game.holds();
    const status = await game.allRun();
    expect(status.zones.map(({ host }) => host)).toEqual(status.zones.map(() => other));
    expect(game.players.stats).toMatchObject({ drops: 0, restarted: 0, resumed: 0 });
    const refusals = await Promise.all([move(1, other), move(99, other), move(1, "nobody"), move("one", other)]);
    expect(refusals.map(({ code, stderr }) => [code, stderr.split("\n")[0]])).toEqual([
      [1, `wowsim: Zone 1 runs on host ${other} already.`],
      [64, "wowsim: There is no zone 99; choose from 1, 2, 3, 4."],
      [64, "wowsim: There is no host nobody; choose from a, b."],
      [64, expect.stringContaining("one")],
    ]);
    await game.playsOn();
  });
});
