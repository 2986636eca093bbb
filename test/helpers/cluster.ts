// A whole cluster under real players, for end-to-end tests: nats-server, controller, hosts and gateways as processes of their own.
//
//   await using game = await ClusterGame.start({ hosts: 3, gateways: 2, zones: 4, count: 24 })
//   await game.cluster.kill("host a")
//   await game.holds()                // all play, know what their zones know, and nothing that they were told is lost
//
// The players fight, trade and go through portals, spread over all gateways; a third is JSON, the others binary.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "bun:test";
import { runs } from "../../server/protocol/cluster.ts";
import type { ClusterStatus } from "../../server/protocol/cluster.ts";
import { ClusterChild } from "../../server/testing/cluster-child.ts";
import { ClusterEar } from "../../server/testing/cluster-ear.ts";
import { ClusterLook } from "../../server/testing/cluster-look.ts";
import { KillFindings } from "../../server/testing/kill-findings.ts";
import { KillPlayers } from "../../server/testing/kill-players.ts";
import { killWorld } from "../../server/testing/kill-world.ts";
import { until } from "./control-live.ts";
import { TempFolder } from "./serve-process.ts";

const CREATURES_PER_ZONE = 24;
const SETTLE_MS_MAX = 60_000;
/** Each player has then done something that its zone has told. */
const ACTIONS_MIN = 3;

export interface ClusterGameOptions {
  hosts: number;
  gateways: number;
  zones: number;
  /** Players. */
  count: number;
}

export class ClusterGame implements AsyncDisposable {
  readonly findings = new KillFindings();
  readonly #folder: TempFolder;
  readonly #count: number;
  readonly cluster: ClusterChild;
  readonly ear: ClusterEar;
  readonly look: ClusterLook;
  readonly players: KillPlayers;

  static async start({ hosts, gateways, zones, count }: ClusterGameOptions): Promise<ClusterGame> {
    const folder = new TempFolder();
    const world = join(folder.path, "world.toml");
    writeFileSync(world, killWorld({ zones, creaturesPerZone: CREATURES_PER_ZONE }));
    const cluster = await ClusterChild.start({ hosts, gateways, world });
    try {
      const [port = 0, ...otherPorts] = cluster.gamePorts;
      const { control } = cluster.ready;
      const ear = await ClusterEar.open(cluster.busFile);
      const look = await ClusterLook.open(cluster.busFile, world);
      const players = await KillPlayers.start({ port, otherPorts, control, count, seed: 1, zones, comers: 0 });
      return new ClusterGame(folder, count, { cluster, ear, look, players });
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(
    folder: TempFolder,
    count: number,
    parts: Pick<ClusterGame, "cluster" | "ear" | "look" | "players">,
  ) {
    this.#folder = folder;
    this.#count = count;
    ({ cluster: this.cluster, ear: this.ear, look: this.look, players: this.players } = parts);
  }

  /** A host that owns zones, and which. */
  async owner(): Promise<{ name: `host ${string}`; zones: number[] }> {
    const { hosts } = await this.allRun();
    const host = hosts.find(({ zones }) => zones.length > 0);
    if (host === undefined) throw new Error("Nobody owns a zone.");
    return { name: `host ${host.host}`, zones: host.zones };
  }

  async allRun(): Promise<ClusterStatus> {
    let status = await this.cluster.status();
    await until("every zone runs", async () => {
      status = await this.cluster.status();
      return status.zones.every(runs);
    });
    return status;
  }

  /** Each player is acknowledged more than now. */
  async playsOn(): Promise<void> {
    const before = this.players.known();
    await until("every player is acknowledged more", () =>
      this.players.known().every(({ acked }, index) => acked >= before[index]!.acked + ACTIONS_MIN),
    );
  }

  /** All play, know what their zones know, and what they were told is in the journals. */
  async holds(): Promise<void> {
    const { players, findings, look } = this;
    findings.settled({ took: await players.untilAllPlay(SETTLE_MS_MAX), ...players.report }, this.#count);
    await this.allRun();
    await this.playsOn();
    findings.compared(await players.compare());
    const known = players.known();
    const found = await look.look(known);
    const later = players.known();
    findings.players(
      found,
      known.map((each, index) => ({ ...each, sent: later[index]!.sent })),
    );
    expect(findings.toJson()).toEqual({});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.players.stop();
    await this.ear[Symbol.asyncDispose]();
    await this.look[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}
