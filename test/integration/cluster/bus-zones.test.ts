import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { OP_MOVE, TRANSFER_WORDS } from "../../../assembly/abi.ts";
import { Command } from "../../../server/protocol/game/command.ts";
import { BusNames } from "../../../server/bus/subjects.ts";
import { BusZones } from "../../../server/main/cluster/bus-zones.ts";
import { CommandQueue } from "../../../server/main/cluster/command-queue.ts";
import type { FromZoneWorker } from "../../../server/shared/zone-messages.ts";
import { NATS_SERVER, ScriptedZone, TestNats } from "../../helpers/bus.ts";
import { FrameBuilder, RecordingEmitter, until } from "../../helpers/net.ts";

const GATEWAY = 2;

describe.skipIf(NATS_SERVER === null)("the zones of a cluster, for a gateway", () => {
  let nats: TestNats;
  let prefixes = 0;
  beforeAll(async () => {
    nats = await TestNats.start();
  });
  afterAll(async () => await nats[Symbol.asyncDispose]());

  /** A gateway's zones 1 and 2, of which zone 1 is a script; and what they told. */
  async function begin(options: { queue?: number; epoch?: number; maySpeak?: () => boolean } = {}) {
    const names = new BusNames(`t${++prefixes}`);
    const [near, far] = [await nats.bus(), await nats.bus()];
    const zone = new ScriptedZone(far, 1, options.epoch ?? 1, names);
    const clock = { now: 1_000 };
    const emitter = new RecordingEmitter();
    const zones = new BusZones({
      bus: near,
      names,
      gateway: GATEWAY,
      zones: [1, 2].map((id) => ({ id, name: `Zone ${id}` })),
      emitter,
      now: () => clock.now,
      ...(options.maySpeak === undefined ? {} : { maySpeak: options.maySpeak }),
      ...(options.queue === undefined ? {} : { newQueue: () => new CommandQueue(options.queue) }),
    });
    const told: unknown[] = [];
    zones.listen({
      ticked: ({ zoneId, tick }) => told.push(["ticked", zoneId, tick]),
      framed: (_zone, bytes, offset, length) => {
        expect((bytes.byteOffset + offset) % 4).toBe(0);
        told.push(["framed", [...bytes.subarray(offset, offset + length)]]);
      },
      entered: (entered) => told.push(["entered", entered]),
      departed: (crossing) => told.push(["departed", crossing]),
      counted: ({ zoneId, ids }) => told.push(["counted", zoneId, [...ids]]),
      said: (message) => told.push(["said", message]),
      revives: (zoneId) => told.push(["revives", zoneId]),
    });
    /** Ticks of the zone until something is so. */
    const run = async (isTrue: () => boolean): Promise<void> =>
      await until(isTrue, () => {
        clock.now += 50;
        zones.onServerTick();
        zone.ticks(GATEWAY);
      });
    const kinds = (): string[] => told.map((one) => (one as string[])[0] ?? "");
    const states = (): string[] =>
      told.flatMap((one) => {
        const [kind, message] = one as [string, FromZoneWorker];
        return kind === "said" && message.type === "zone_state" ? [`${message.from} ${message.to}`] : [];
      });
    // The server knows of both subscriptions: nothing that is published from now on is missed.
    await Promise.all([near.flush(), far.flush()]);
    return { zone, zones, clock, told, kinds, states, run, near, emitter };
  }

  test("a zone is DOWN until it is heard, and then what its reports say", async () => {
    const { zone, zones, run, states } = await begin();
    expect(zones.zones.get(1)?.state).toBe("DOWN");
    zone.players.add(5);
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    expect(zones.zones.get(1)).toMatchObject({ epoch: 1, players: 1, name: "Zone 1" });
    expect(zones.zones.get(2)?.state).toBe("DOWN");
    expect(states()).toEqual(["DOWN ACTIVE"]);
  });

  test("commands come in order and once, and wait until the zone is heard", async () => {
    const { zone, zones, run } = await begin();
    for (let seq = 1; seq <= 100; seq++) expect(zones.send(1, move(seq))).toBe(true);
    await run(() => zone.commands.length === 100);
    expect(zone.came.refused).toBe(0);
    expect(seqs(zone)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(zone.commands[0]).toMatchObject({ gateway: GATEWAY, session: 7 });
    await run(() => zones.zones.get(1)?.queue.size === 0);
    expect(zones.counts.resends).toBe(0);
    expect(zones.send(9, move(1))).toBe(false);
  });

  test("what is lost on the bus is sent again after a second, and comes once", async () => {
    const { zone, zones, run } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    zone.losesBatches = 1;
    zones.send(1, move(1));
    await until(() => zone.losesBatches === 0);
    zones.send(1, move(2));
    await until(() => zone.came.refused === 1);
    await run(() => zone.commands.length === 2);
    expect(seqs(zone)).toEqual([1, 2]);
    expect(zones.counts.resends).toBe(1);
    await run(() => zones.zones.get(1)?.queue.size === 0);
    expect(seqs(zone)).toEqual([1, 2]);
  });

  test("a new epoch gets what no tick had, renumbered; players get everything anew after that", async () => {
    const { zone, zones, run, kinds, told } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    zones.send(1, move(1));
    await run(() => zones.zones.get(1)?.queue.size === 0);
    zone.losesBatches = 1;
    zones.send(1, move(2));
    zones.send(1, move(3));
    await until(() => zone.losesBatches === 0);
    zones.listen({ revives: () => zones.send(1, move(4)) });
    zone.succeeds(2);
    told.length = 0;
    await run(() => zone.commands.length === 4);
    expect(seqs(zone)).toEqual([1, 2, 3, 4]);
    expect(kinds().slice(0, 2)).toEqual(["revives", "ticked"]);
    expect(kinds().filter((kind) => kind === "revives")).toHaveLength(1);
    expect(zones.counts).toMatchObject({ epochs: 2, resends: 0 });
    await run(() => zones.zones.get(1)?.queue.size === 0);
  });

  test("nothing of an older epoch is believed", async () => {
    const { zone, zones, run, told } = await begin({ epoch: 5 });
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    told.length = 0;
    zone.frames(new FrameBuilder(7, 1)).says({ type: "zone_state", zoneId: 1, from: "ACTIVE", to: "DOWN", reason: "" });
    zone.tells(GATEWAY, { epoch: 4, applied: 900 });
    await until(() => zones.counts.staleBatches === 1);
    expect(told).toEqual([]);
    expect(zones.zones.get(1)).toMatchObject({ epoch: 5, state: "ACTIVE" });
  });

  test("a silent zone is CRASHED after two seconds, and back when it is heard", async () => {
    const { zone, zones, run, states, clock } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    await until(() => zones.counts.batches === zone.tick);
    clock.now += 2_001;
    zones.onServerTick();
    expect(zones.zones.get(1)).toMatchObject({ state: "CRASHED", reason: "nothing is heard of it" });
    expect(zones.zones.get(2)?.state).toBe("DOWN");
    expect(zones.send(1, move(1))).toBe(true);
    await run(() => zone.commands.length === 1);
    expect(states()).toEqual(["DOWN ACTIVE", "ACTIVE CRASHED", "CRASHED ACTIVE"]);
  });

  test("a missing batch means that players need everything anew", async () => {
    const { zone, zones, run, kinds, told } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    told.length = 0;
    zone.tick++;
    zone.ticks(GATEWAY);
    await until(() => zones.counts.gaps === 1);
    await until(() => kinds().includes("ticked"));
    expect(kinds()).toContain("revives");
  });

  test("a full queue refuses commands, and takes them when the zone has taken some", async () => {
    const { zone, zones, run } = await begin({ queue: 320 });
    for (let seq = 1; seq <= 10; seq++) expect(zones.send(1, move(seq))).toBe(true);
    expect(zones.send(1, move(11))).toBe(false);
    await run(() => zones.zones.get(1)?.queue.size === 0);
    expect(zones.send(1, move(12))).toBe(true);
    await run(() => zone.commands.length === 11);
  });

  test("records come as those of the rings do", async () => {
    const { zone, zones, run, told } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    await until(() => zones.counts.batches === zone.tick);
    told.length = 0;
    const crossing = { session: 7, from: 1, to: 2, at: { x: 1, y: 2, z: 0 }, words: new Uint32Array(TRANSFER_WORDS) };
    const frame = new FrameBuilder(7, 3).reset();
    zone.players.add(7).add(8);
    zone.entered({ session: 8, ticket: 3, outcome: 1, reason: 0 }).frames(frame, new FrameBuilder(8, 3));
    zone
      .says({ type: "journal", zones: [1], isLost: true, ms: 3 })
      .frames(frame)
      .census(4);
    crossing.words.fill(3);
    zone.departed(crossing).tells(GATEWAY);
    await until(() => told.length >= 7);
    expect(told).toEqual([
      ["entered", { zoneId: 1, session: 8, ticket: 3, outcome: 1, reason: 0 }],
      ["framed", [...frame.bytes()]],
      ["framed", [...new FrameBuilder(8, 3).bytes()]],
      ["said", { type: "journal", zones: [1], isLost: true, ms: 3 }],
      ["framed", [...frame.bytes()]],
      ["counted", 1, [7, 8]],
      ["departed", crossing],
    ]);
  });

  test("bytes that are no batch are counted, and nothing else happens", async () => {
    const { zones, near, run, emitter } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    const subject = new BusNames(`t${prefixes}`).frames(1, GATEWAY);
    near.publish(subject, new Uint8Array(3));
    near.publish(subject, new Uint8Array(64).fill(255));
    await until(() => zones.counts.badBatches === 2);
    expect(emitter.all("Zone output not handled")).toHaveLength(2);
    await run(() => true);
  });

  test("a gateway that may not speak says nothing, and later all of it", async () => {
    let maySpeak = false;
    const { zone, zones, run } = await begin({ maySpeak: () => maySpeak });
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    zones.send(1, move(1));
    await run(() => zone.tick > 30);
    expect(zone.came.batches).toBe(0);
    maySpeak = true;
    await run(() => zone.commands.length === 1);
  });

  test("the numbers of an earlier gateway with this number are continued, once they stand still", async () => {
    const { zone, zones, run } = await begin();
    let applied = 17;
    zones.send(1, move(1));
    const ticks = (): void => zone.ticks(GATEWAY, { applied });
    for (; applied < 20; applied++) ticks();
    await until(() => zones.counts.batches === 3);
    for (let tick = 0; tick < 60; tick++) ticks();
    await until(() => zone.came.refused === 1);
    expect(zones.zones.get(1)?.queue.appliedNumber).toBe(20);
    // The script knows of no earlier gateway: with a new epoch it counts from 1.
    zone.succeeds(2);
    await run(() => zone.commands.length === 1);
  });

  test("tells when all that was sent until now is done", async () => {
    const { zone, zones, run } = await begin();
    await run(() => zones.zones.get(1)?.state === "ACTIVE");
    await zones.applied(1);
    zones.send(1, move(1));
    let isDone = false;
    void zones.applied(1).then(() => (isDone = true));
    await until(() => zone.commands.length === 1);
    expect(isDone).toBe(false);
    zones.send(1, move(2));
    zone.ticks(GATEWAY, { applied: 1 });
    await until(() => isDone);
  });
});

function move(seq: number): Uint8Array {
  return new Command().begin(OP_MOVE, 7, seq).bytes.slice();
}

function seqs(zone: ScriptedZone): number[] {
  return zone.commands.map(({ seq }) => seq);
}
