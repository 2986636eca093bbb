// A real server with players in it, and its own telemetry to look at: what the tests of faults break and mend.
//
//   await using live = await LiveServer.start({ players: 6 })
//   const since = live.now()
//   await live.ask({ command: "activate", fault_id: "latency-spike" })
//   await live.sees((line) => line.message === "Zone tick completed" && Number(line.data["duration_ms"]) > 200, since)

import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import type { ControlAnswer } from "../../tools/client/control-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";

const POLL_MS = 50;
/** Ends a broken test only: on a busy machine much takes long. */
const PATIENCE_MS = 100_000;

/** Lines with that message, of that zone if one is named. */
export const isMessage =
  (message: string, zoneId?: number) =>
  (line: TelemetryLine): boolean =>
    line.message === message && (zoneId === undefined || line.data["zone_id"] === zoneId);

export class LiveServer implements AsyncDisposable {
  readonly child: ServerChild;
  readonly swarm: Swarm;
  readonly control: ControlClient;
  readonly players: number;

  /** `world`: a file; without, the built-in one of two zones. */
  static async start({ players, world }: { players: number; world?: string }): Promise<LiveServer> {
    const child = await startServerChild(world === undefined ? {} : { world });
    const swarm = await Swarm.start({ host: "127.0.0.1", port: child.ports.game, count: players, rate: 4, seed: 1 });
    const control = await ControlClient.connect({ host: "127.0.0.1", port: child.ports.control });
    return new LiveServer(child, swarm, control, players);
  }

  private constructor(child: ServerChild, swarm: Swarm, control: ControlClient, players: number) {
    this.child = child;
    this.swarm = swarm;
    this.control = control;
    this.players = players;
  }

  ask(request: Record<string, unknown>): Promise<ControlAnswer> {
    return this.control.ask(request);
  }

  async status(faultId: string): Promise<FaultStatus> {
    return (await this.ask({ command: "status", fault_id: faultId }))["status"] as FaultStatus;
  }

  /** Removes the fault and waits until every zone is rid of it. */
  async remove(faultId: string): Promise<void> {
    await this.ask({ command: "deactivate", fault_id: faultId });
    await until(`${faultId} has left`, async () => !(await this.status(faultId)).leaving);
  }

  /** What telemetry timestamps are compared with. */
  now(): number {
    return Date.now();
  }

  /** Recorded lines since then that match, oldest first. */
  async lines(isWanted: (line: TelemetryLine) => boolean, since: number): Promise<TelemetryLine[]> {
    const found: TelemetryLine[] = [];
    for await (const line of this.child.telemetry()) {
      if (Date.parse(line.timestamp) >= since && isWanted(line)) found.push(line);
    }
    return found;
  }

  /** Waits until so many matching lines were recorded since then; the lines. */
  async sees(isWanted: (line: TelemetryLine) => boolean, since: number, count = 1): Promise<TelemetryLine[]> {
    let found: TelemetryLine[] = [];
    await until(`telemetry has ${count} of ${isWanted}`, async () => {
      found = await this.lines(isWanted, since);
      return found.length >= count;
    });
    return found;
  }

  /** The next `count` ticks of a zone from now on. */
  async zoneTicks(zoneId: number, count: number, since = this.now()): Promise<Record<string, number>[]> {
    const isTick = ({ message, data }: TelemetryLine): boolean =>
      message === "Zone tick completed" && data["zone_id"] === zoneId;
    const lines = await this.sees(isTick, since, count);
    return lines.map(({ data }) => data as Record<string, number>);
  }

  async rssMb(): Promise<number> {
    return (await this.child.metric("process_resident_memory_bytes")) / 2 ** 20;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.control.close();
    await this.swarm.stop();
    await this.child[Symbol.asyncDispose]();
  }
}

/** Waits for something to become true. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It never was so that ${what}.`);
    await Bun.sleep(POLL_MS);
  }
}
