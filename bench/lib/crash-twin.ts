// Two zones that get the same commands, one of which crashes: is its state the other's, tick for tick? The crashes are the
// server's own faults, and the recovery its own, only that no thread and no socket is in between.
//
//   const proof = await crashTwin({ kernel, world, ticks: 600, players: 20, seed: 1 })
//   // { ticks: 600, recoveries: 60, replayedTicks: 3120, differing: [], recoveryMs: [...] }

import { JOIN_WATCHES, OP_ATTACK, OP_CAST, OP_JOIN, OP_MOVE } from "../../assembly/abi.ts";
import type { World, ZoneContent } from "../../server/protocol/content/content.ts";
import { FaultBlock } from "../../server/shared/fault-block.ts";
import { seededRandom } from "../../server/protocol/seeded-random.ts";
import { ZoneFaultHost } from "../../server/zone/zone-faults.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Emitter } from "../../server/protocol/telemetry-line.ts";
import { fuelFor } from "../../server/main/zones/calibrate.ts";
import { ZoneBatch } from "../../server/zone/command-batch.ts";
import type { FromZoneWorker } from "../../server/shared/zone-messages.ts";
import { Ring } from "../../server/shared/ring.ts";
import { spawnCreatures } from "../../server/zone/zone-host.ts";
import { ZoneOutput } from "../../server/zone/zone-output.ts";
import { ZoneRunner } from "../../server/zone/zone-runner.ts";
import { Command } from "../../server/protocol/game/command.ts";

const command = new Command();

export interface CrashTwinOptions {
  kernel: Kernel;
  world: World;
  ticks: number;
  players: number;
  seed: number;
}

export interface CrashTwinProof {
  ticks: number;
  recoveries: number;
  /** Ticks run again, each of whose hashes the recovery compared with the journal's. */
  replayedTicks: number;
  /** Ticks after which the hashes differed; the first few. */
  differing: number[];
  /** Whether every byte of the two states was the same at the end. */
  sameBytes: boolean;
  recoveryMs: number[];
  /** Where the crashed zone was left. */
  state: string;
}

const TICK_RATE_HZ = 20;
/** One of each a second, at different ticks. */
const FAULTS = ["zone-trap", "zone-runaway"];
const EVERY_TICKS = 20;
const OUTPUT_BYTES = 1 << 22;
const DIFFERING_MAX = 5;
const silent: Emitter = { emit: () => undefined, emitSampled: () => undefined };
const now = (): number => performance.now();

/** Runs both zones as fast as they go. */
export function crashTwin({ kernel, world, ticks, players, seed }: CrashTwinOptions): CrashTwinProof {
  const [content] = world.zones;
  if (content === undefined) throw new RangeError("A world needs a zone.");
  const fuelPerTick = fuelFor(1_000 / TICK_RATE_HZ, kernel, now);
  const recovered: Extract<FromZoneWorker, { type: "recovered" }>[] = [];
  const make = (say: (message: FromZoneWorker) => void): Side =>
    newSide({ kernel, world, content, seed, fuelPerTick, say });
  const crashing = make((message) => {
    if (message.type === "recovered") recovered.push(message);
  });
  const calm = make(() => undefined);
  const random = seededRandom(seed);
  const differing: number[] = [];
  for (let tick = 1; tick <= ticks; tick++) {
    const batch = tick === 1 ? entrance(players, world) : play(players, tick, world, random);
    if (tick === EVERY_TICKS || tick === EVERY_TICKS * 1.5)
      activate(crashing, FAULTS[tick === EVERY_TICKS ? 0 : 1], tick);
    for (const side of [crashing, calm]) side.run(batch);
    if (crashing.runner.zone.hash !== calm.runner.zone.hash && differing.length < DIFFERING_MAX) differing.push(tick);
  }
  const [one, other] = [crashing, calm].map(({ runner: { zone } }) =>
    zone.bytes.subarray(zone.at.stateBase, zone.at.stateEnd),
  );
  return {
    ticks,
    recoveries: recovered.length,
    replayedTicks: recovered.reduce((sum, { replayedTicks }) => sum + replayedTicks, 0),
    differing,
    sameBytes: one !== undefined && other !== undefined && Buffer.compare(one, other) === 0,
    recoveryMs: recovered.map(({ recoveryMs }) => recoveryMs),
    state: String(crashing.runner.inspect()["state"]),
  };
}

interface Side {
  runner: ZoneRunner;
  block: FaultBlock;
  faults: ZoneFaultHost;
  run(batch: ZoneBatch): void;
}

interface SideOptions {
  kernel: Kernel;
  world: World;
  content: ZoneContent;
  seed: number;
  fuelPerTick: bigint;
  say: (message: FromZoneWorker) => void;
}

function newSide({ kernel, world, content, seed, fuelPerTick, say }: SideOptions): Side {
  const block = new FaultBlock(FaultBlock.allocate());
  const faults = new ZoneFaultHost({ block: block.buffer, zones: [content.id], emitter: silent });
  const output = new Ring(Ring.allocate(OUTPUT_BYTES));
  const runner = new ZoneRunner({
    zone: content,
    content: world.content,
    kernel,
    tickRateHz: TICK_RATE_HZ,
    seed,
    fuelPerTick,
    now,
    emitter: silent,
    faults,
    output: new ZoneOutput(new Ring(output.buffer)),
    say,
    startMs: now(),
    spawn: (batch) => spawnCreatures(batch, content),
    cpuMs: () => 0,
    share: () => 1,
  });
  const run = (batch: ZoneBatch): void => {
    const words = new Uint32Array(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.length / 4);
    for (let index = 0; index < words.length; index += 8) runner.accept(words, index);
    runner.runTick();
    output.drain(() => undefined);
  };
  return { runner, block, faults, run };
}

function activate({ block, faults, runner }: Side, faultId: string | undefined, activation: number): void {
  if (faultId === undefined) return;
  block.open(activation);
  const zones = [runner.zone.id];
  const params = { every_ticks: EVERY_TICKS };
  faults.activate({ type: "fault_activate", activation, faultId, params, zones, seed: 1, probability: 1 });
}

const nobody = { entityIds: () => new Uint32Array(0), positionOf: () => null };
const COMMANDS_MAX = 4_096;

function entrance(players: number, { content }: World): ZoneBatch {
  const batch = new ZoneBatch(1, COMMANDS_MAX, nobody);
  for (let session = 1; session <= players; session++) {
    const e = (session % content.classes.length) | (10 << 8);
    batch.push(command.set(OP_JOIN, { session, flags: JOIN_WATCHES, x: (session % 9) * 4 - 16, y: session % 17, e }));
  }
  return batch;
}

/** Every player does something twice a second: walks, casts, strikes. */
function play(players: number, tick: number, { content, zones }: World, random: () => number): ZoneBatch {
  const batch = new ZoneBatch(1, COMMANDS_MAX, nobody);
  const foes = zones[0]?.spawns ?? [];
  for (let session = 1 + (tick % 10); session <= players; session += 10) {
    const [choice, right, up] = [random(), random(), random()];
    const a = foes[Math.floor(right * foes.length)]?.entityId ?? 0;
    const spells = content.classes[session % content.classes.length]?.spells ?? [];
    const spell = spells[Math.floor(up * spells.length)] ?? 0;
    if (choice < 0.5) batch.push(command.set(OP_MOVE, { session, x: right * 100 - 50, y: up * 100 - 50 }));
    else if (choice < 0.8) batch.push(command.set(OP_CAST, { session, a, x: floatOf(spell) }));
    else batch.push(command.set(OP_ATTACK, { session, a }));
  }
  return batch;
}

const bits = new DataView(new ArrayBuffer(4));
/** The float with these 32 bits: how a spell id travels in a field that the batch takes for a coordinate. */
function floatOf(word: number): number {
  bits.setUint32(0, word, true);
  return bits.getFloat32(0, true);
}
