// The main thread's hold on its zone workers: with real workers, and with one that does what the test wants.

import { layoutEntries } from "../../../assembly/toolchain/load.ts";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN, TRANSFER_WORDS } from "../../../assembly/abi.ts";
import { FaultBlock } from "../../../server/shared/fault-block.ts";
import { FaultRegistry } from "../../../server/main/faults/registry.ts";
import type { FromZoneWorker } from "../../../server/shared/zone-messages.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { newTicket, withdrawTicket } from "../../../server/shared/swap-ticket.ts";
import { ZoneSupervisor } from "../../../server/main/zones/supervisor.ts";
import { Command } from "../../../server/protocol/game/command.ts";
import type { SupervisorOptions } from "../../../server/main/zones/supervisor.ts";
import { workers } from "../../../server/main/workers.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { endBy, mortalWorkers } from "../../helpers/mortal-workers.ts";
import { eventually } from "../../helpers/telemetry.ts";
import { slowKernel } from "../../helpers/odd-kernels.ts";
import { FakeZoneWorker } from "../../helpers/zone-fake-worker.ts";
import { testKernel, testWorld, wideKernel } from "../../helpers/zone.ts";

setDefaultTimeout(90_000);

const kernel = await testKernel();
const layout = layoutEntries(kernel.layout);
const world = await testWorld();

interface Supervised extends AsyncDisposable {
  supervisor: ZoneSupervisor;
  emitter: MemoryEmitter;
  messages: FromZoneWorker[];
  block: FaultBlock;
}

type Started = ZoneSupervisor & AsyncDisposable;

async function startSupervisor(options: Partial<SupervisorOptions> = {}): Promise<Started> {
  const supervisor = await ZoneSupervisor.start({
    world,
    workers: 2,
    newWorker: workers.zone,
    tickRateHz: 20,
    seed: 1,
    kernel,
    telemetryRings: { ringOf: () => Ring.allocate(1 << 20) },
    faultBlock: FaultBlock.allocate(),
    emitter: new MemoryEmitter(),
    ...options,
  });
  return Object.assign(supervisor, { [Symbol.asyncDispose]: () => supervisor.stop() });
}

async function supervise(options: Partial<SupervisorOptions> = {}): Promise<Supervised> {
  const [emitter, block] = [new MemoryEmitter(), new FaultBlock(FaultBlock.allocate())];
  const supervisor = await startSupervisor({ faultBlock: block.buffer, emitter, ...options });
  const messages: FromZoneWorker[] = [];
  supervisor.listen({ said: (message) => void messages.push(message) });
  supervisor.handOut();
  return { supervisor, emitter, messages, block, [Symbol.asyncDispose]: () => supervisor.stop() };
}

test("listeners hear every tick from the first on, however late they come", async () => {
  await using supervisor = await startSupervisor();
  // Each zone ticks on; its worker tells by an answer.
  const tickOf = async (zone: number): Promise<number> =>
    ((await supervisor.request(zone, { type: "inspect" })) as { tick: number }).tick;
  while ((await tickOf(1)) < 8 || (await tickOf(2)) < 8) await Bun.sleep(10);
  const first = new Map<number, number>();
  supervisor.listen({
    ticked: ({ zoneId, tick }) => void first.set(zoneId, Math.min(tick, first.get(zoneId) ?? tick)),
  });
  supervisor.handOut();
  await eventually(() => first.size === 2);
  expect([...first.values()]).toEqual([1, 1]);
});

/** What a promise is rejected with; expect(...).rejects would keep workers' messages from coming in. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "it was granted";
  } catch (error) {
    return String(error);
  }
}

test.each([1, 2])("zones tick in %p workers, take commands and give frames", async (count) => {
  await using supervised = await supervise({ workers: count });
  const { supervisor } = supervised;
  const framed = new Set<string>();
  const ended = new Set<number>();
  const ticked = new Map<number, number>();
  supervisor.listen({
    framed(zoneId, bytes, offset) {
      framed.add(`${zoneId}:${new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset + 4, true)}`);
    },
    tickEnded: (zoneId) => void ended.add(zoneId),
    ticked: ({ zoneId, tick }) => void ticked.set(zoneId, tick),
  });
  for (const zone of [1, 2]) {
    expect(
      supervisor.send(zone, new Command().set(OP_JOIN, { session: zone * 10, flags: JOIN_WATCHES, e: 10 << 8 }).bytes),
    ).toBe(true);
  }
  expect(supervisor.send(9, new Command().set(OP_JOIN, { session: 1 }).bytes)).toBe(false);
  await eventually(() => framed.has("1:10") && framed.has("2:20"));
  await eventually(() => supervisor.tick >= 3 && ended.size === 2);
  expect([...framed].toSorted()).toEqual(["1:10", "2:20"]);
  expect(supervisor.zones.get(1)?.tick).toBe(ticked.get(1) as number);
  const inspected = (await supervisor.request(2, { type: "inspect" })) as { entities: number[]; kernel: string };
  expect(inspected.entities).toContain(20);
  expect(inspected.kernel).toBe(kernel.hash);
});

test("a zone changes its module on request, and says why it does not", async () => {
  await using supervised = await supervise();
  const { supervisor } = supervised;
  const swap = { type: "swap", module: kernel.module, hash: "0123456789abcdef", label: "other", layout } as const;
  await supervisor.request(1, swap);
  expect(supervisor.zones.get(1)).toMatchObject({ kernelHash: "0123456789abcdef", kernelLabel: "other" });
  expect(supervisor.zones.get(1)?.promotedHash).toBe(kernel.hash);
  await supervisor.request(1, { type: "rollback", hash: "fedcba9876543210" });
  expect(supervisor.zones.get(1)?.kernelHash).toBe("0123456789abcdef");
  await supervisor.request(1, { type: "rollback", hash: swap.hash });
  expect(supervisor.zones.get(1)).toMatchObject({ kernelHash: kernel.hash, kernelLabel: kernel.label });
  expect(await refusal(supervisor.request(1, { type: "rollback" }))).toContain("no module to go back to");
  expect(await refusal(supervisor.request(7, { type: "inspect" }))).toContain("There is no zone 7; there are 1, 2.");
});

test("a module that takes much time for little fuel is refused in time; where it is not, its worker can be ended", async () => {
  const [slow, fuelPerTick] = [await slowKernel(), 1n << 27n];
  const swap = { type: "swap", module: slow.module, hash: slow.hash, label: "slow", layout } as const;
  {
    await using supervised = await supervise({ watchdogMs: 600, fuelPerTick });
    const { supervisor } = supervised;
    expect(await refusal(supervisor.request(1, swap))).toMatch(/trapped \(out of time: .* it was not swapped in/);
    expect(supervisor.zones.get(1)?.kernelHash).toBe(kernel.hash);
    expect([...supervisor.losses.restarts.values()]).toEqual([0, 0]);
  }
  await using supervised = await supervise({ watchdogMs: 600, fuelPerTick, timeLimitMs: Number.POSITIVE_INFINITY });
  const { supervisor } = supervised;
  expect(await refusal(supervisor.request(1, swap))).toContain("The zone worker hung (in tick");
  await downAndBack(supervised, 1);
  await eventually(() => supervisor.burningThreads === 0);
});

test("a roll-back does not wait for the next tick, and comes after the swap that was asked for before", async () => {
  await using supervised = await supervise({ tickRateHz: 1, workers: 1 });
  const { supervisor } = supervised;
  const swap = { type: "swap", module: kernel.module, hash: "0123456789abcdef", label: "other", layout } as const;
  await eventually(() => supervisor.tick >= 1);
  const { tick } = supervisor.zones.get(1)!;
  const answered: string[] = [];
  const ask = async (what: string, zoneId: number, request: Parameters<typeof supervisor.request>[1]) => {
    const answer = (await supervisor.request(zoneId, request)) as { tick: number };
    answered.push(what);
    return answer.tick;
  };
  const ticks = await Promise.all([
    ask("swap", 1, swap),
    ask("another zone's swap", 2, swap),
    ask("back", 1, { type: "rollback", hash: swap.hash }),
  ]);
  expect(answered).toEqual(["swap", "back", "another zone's swap"]);
  expect(ticks[0]).toBe(ticks[2]);
  expect(ticks[0]).toBeLessThanOrEqual(tick + 1);
  expect(supervisor.zones.get(1)?.kernelHash).toBe(kernel.hash);
  expect(supervisor.zones.get(2)?.kernelHash).toBe(swap.hash);
});

test("a swap whose ticket was withdrawn is not carried out, one whose ticket is taken can not be withdrawn", async () => {
  await using supervised = await supervise();
  const { supervisor } = supervised;
  const swap = { type: "swap", module: kernel.module, hash: "0123456789abcdef", label: "other", layout } as const;
  const [late, inTime] = [newTicket(), newTicket()];
  expect(withdrawTicket(late)).toBe(true);
  expect(await refusal(supervisor.request(1, { ...swap, ticket: late }))).toContain("nothing was swapped");
  expect(supervisor.zones.get(1)?.kernelHash).toBe(kernel.hash);
  await supervisor.request(1, { ...swap, ticket: inTime });
  expect(withdrawTicket(inTime)).toBe(false);
  await supervisor.request(1, { type: "promote", hash: "fedcba9876543210" });
  expect(supervisor.zones.get(1)).toMatchObject({ kernelHash: swap.hash, promotedHash: kernel.hash });
  await supervisor.request(1, { type: "promote", hash: swap.hash });
  expect(supervisor.zones.get(1)).toMatchObject({ kernelHash: swap.hash, promotedHash: swap.hash });
});

/** Until a zone has been DOWN and is ACTIVE again; what was said of it meanwhile, in order. */
async function downAndBack({ supervisor, messages }: Supervised, zoneId: number): Promise<FromZoneWorker[]> {
  const of = (): FromZoneWorker[] => messages.filter((message) => "zoneId" in message && message.zoneId === zoneId);
  await eventually(() => of().some((message) => message.type === "zone_state" && message.from === "DOWN"));
  expect(supervisor.zones.get(zoneId)?.state).toBe("ACTIVE");
  return of();
}

describe("a zone worker that", () => {
  test.each([
    ["dies", "throw", "died", "a mistake in the host"],
    ["hangs in WebAssembly, where nobody can end it,", "wasm", "hung", "ms late"],
  ] as const)(
    "%s is named, and its zone begins anew in another; the other zone never notices",
    async (_, how, ended, why) => {
      const { newWorker, made } = mortalWorkers();
      await using supervised = await supervise({ newWorker, watchdogMs: 600 });
      const { supervisor, emitter } = supervised;
      const [ticks, states]: [number[], string[]] = [[], []];
      supervisor.listen({ ticked: ({ zoneId, tick }) => void (zoneId === 1 && ticks.push(tick)) });
      await eventually(() => (supervisor.zones.get(1)?.tick ?? 0) > 5);
      made[0]!.postMessage(endBy(how));
      const asked = refusal(supervisor.request(1, { type: "inspect" }));
      await eventually(() => supervisor.zones.get(1)?.state === "DOWN");
      const other = supervisor.zones.get(2)!.tick;
      const said = await downAndBack(supervised, 1);
      for (const message of said) if (message.type === "zone_state") states.push(`${message.from} > ${message.to}`);
      expect(states).toEqual(["ACTIVE > DOWN", "DOWN > ACTIVE"]);
      const reason = new RegExp(`^its worker ${ended} in tick \\d+ of zone 1, reading messages$`);
      expect(said[0]).toMatchObject({ reason: expect.stringMatching(reason) });
      expect(emitter.messages("Zone worker lost")).toMatchObject([
        {
          type: "error",
          data: { worker: 1, zones: [1], how: ended, zone_id: 1, tick: expect.any(Number), stage: "messages" },
        },
      ]);
      expect(emitter.messages("Zone tick exception")).toMatchObject([
        { data: { zone_id: 1, error: expect.stringContaining(`zone worker ${ended}: `) } },
      ]);
      expect(String(emitter.messages("Zone worker lost")[0]!.data["error"])).toContain(why);
      expect(emitter.messages("Zone worker begun again")).toHaveLength(1);
      expect(await asked).toContain(`The zone worker ${ended} (`);
      expect(supervisor.losses.restarts.get(ended)).toBe(1);
      // It ticks, and goes on counting where the lost one was.
      await eventually(() => supervisor.zones.get(1)!.tick > (ticks.at(-1) ?? 0) - 1);
      expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
      expect(supervisor.zones.get(2)).toMatchObject({ state: "ACTIVE" });
      expect(supervisor.zones.get(2)!.tick).toBeGreaterThan(other);
      expect(made).toHaveLength(3);
      expect(supervisor.burningThreads).toBe(how === "wasm" ? 1 : 0);
    },
  );
});

test("what a dying worker committed last is delivered, and before its zone is told to be DOWN", async () => {
  const { newWorker, made } = mortalWorkers();
  await using supervised = await supervise({ newWorker, workers: 1, watchdogMs: 600 });
  const { supervisor } = supervised;
  const told: string[] = [];
  supervisor.listen({
    departed: ({ session }) => void told.push(`session ${session} departed`),
    said(message) {
      if (message.type === "zone_state") told.push(`${message.zoneId} ${message.to}`);
    },
  });
  const words = new Uint32Array(TRANSFER_WORDS);
  made[0]!.postMessage(endBy("wait", { departed: { session: 40, from: 1, to: 2, at: { x: 0, y: 0, z: 0 }, words } }));
  await eventually(() => told.length === 3);
  expect(told).toEqual(["session 40 departed", "1 DOWN", "2 DOWN"]);
});

test("a zone begins anew with what was promoted there, in its own layout; a module on trial goes with its worker, and that is told", async () => {
  const { newWorker, made } = mortalWorkers();
  await using supervised = await supervise({ newWorker });
  const { supervisor, emitter, messages } = supervised;
  const swap = { type: "swap", module: kernel.module, label: "promoted", layout } as const;
  const wide = await wideKernel();
  const own = { module: wide.module, layout: layoutEntries(wide.layout) };
  await supervisor.request(1, { ...swap, ...own, hash: "00000000b40b07ed" });
  await supervisor.request(1, { type: "promote" });
  await supervisor.request(1, { ...swap, hash: "0000000000ca9a41" });
  expect(supervisor.zones.get(1)).toMatchObject({ kernelHash: "0000000000ca9a41" });
  made[0]!.postMessage(endBy("throw"));
  await downAndBack(supervised, 1);
  const gone = { fromHash: "0000000000ca9a41", toHash: "00000000b40b07ed" };
  const told = messages.filter((message) => message.type === "rolled_back" || message.type === "zone_state");
  expect(told).toMatchObject([{ type: "rolled_back", zoneId: 1, ...gone }, { to: "DOWN" }, { to: "ACTIVE" }]);
  expect(emitter.messages("Module rolled back")).toMatchObject([{ component: "deploy", data: { zone_id: 1 } }]);
  expect(supervisor.zones.get(1)).toMatchObject({ kernelHash: "00000000b40b07ed", kernelLabel: "promoted" });
  expect(await supervisor.request(1, { type: "inspect" })).toMatchObject({ kernel: "00000000b40b07ed", canary: false });
});

test("faults act in the new worker as in the lost one, and one that is removed meanwhile does not wait for it", async () => {
  const { newWorker, made } = mortalWorkers();
  await using supervised = await supervise({ newWorker });
  const { supervisor, emitter, block } = supervised;
  const registry = new FaultRegistry({
    block: block.buffer,
    emitter,
    seed: 1,
    zones: supervisor,
    players: { faultSessions: () => [], holdConnections() {}, setIngress() {}, setEgress() {} },
  });
  supervisor.listen(registry);
  registry.activate({ fault_id: "latency-spike", params: { delay_ms: 1 }, target_zone_id: 1 });
  registry.activate({ fault_id: "split-brain" });
  await eventually(() => registry.status("latency-spike").affected > 0 && registry.status("split-brain").affected > 0);
  made[0]!.postMessage(endBy("throw"));
  await eventually(() => supervisor.zones.get(1)?.state === "DOWN");
  registry.deactivate("split-brain");
  await downAndBack(supervised, 1);
  const before = registry.status("latency-spike").affected;
  await eventually(() => registry.status("latency-spike").affected > before);
  registry.deactivate("latency-spike");
  await eventually(() => (registry.advance(supervisor.tick), !registry.list().some(({ leaving }) => leaving)));
});

test("a zone that a fault holds up for long is DEGRADED and says why, and its worker is not ended", async () => {
  await using supervised = await supervise();
  const { supervisor, block, messages } = supervised;
  // A busy machine may make the other zone overrun its ticks, which is another matter.
  const ofOne = (): FromZoneWorker[] => messages.filter((message) => "zoneId" in message && message.zoneId === 1);
  block.open(3);
  supervisor.broadcast({
    type: "fault_activate",
    activation: 3,
    faultId: "latency-spike",
    params: { delay_ms: 20_000 },
    zones: [1],
    seed: 1,
    probability: 1,
  });
  await eventually(() => block.total(3, "eligible") > 0 && supervisor.zones.get(1)?.state === "DEGRADED");
  // Long after the watchdog's limit, it is as it was; the removal ends the pause at once.
  const other = supervisor.zones.get(2)!.tick;
  await eventually(() => supervisor.zones.get(2)!.tick > other + 40);
  expect(ofOne().filter((message) => message.type === "zone_state" && message.to === "DOWN")).toEqual([]);
  block.close(3);
  await eventually(() => supervisor.zones.get(1)?.state === "ACTIVE");
  expect([...supervisor.losses.restarts.values()]).toEqual([0, 0]);
});

test("a worker that can not start is the server's failure to start, and leaves nothing running", async () => {
  const broken = { ...kernel, layout: { ...kernel.layout, names: () => ["HEADER_TICK"] } };
  const starting = supervise({ kernel: broken });
  expect(await refusal(starting)).toContain("A zone worker could not start");
});

test("a zone that went DOWN stays so for everybody, also when an older report is read after the message", async () => {
  const worker = new FakeZoneWorker();
  await using supervised = await supervise({ workers: 1, newWorker: () => worker.asWorker });
  const { supervisor } = supervised;
  const states: string[] = [];
  supervisor.listen({ ticked: ({ tick, state }) => void states.push(`${tick} ${state}`) });
  worker.say({ type: "zone_state", zoneId: 1, from: "ACTIVE", to: "DOWN", reason: "", tick: 7 });
  worker.report({ zoneId: 1, tick: 7, state: "ACTIVE" });
  await eventually(() => states.length === 1);
  expect(states).toEqual(["7 DOWN"]);
  expect(supervisor.zones.get(1)?.state).toBe("DOWN");
});

test("a question that the worker never answers is given up when the worker goes", async () => {
  const worker = new FakeZoneWorker();
  const { supervisor } = await supervise({ workers: 1, newWorker: () => worker.asWorker });
  const question = supervisor.request(1, { type: "inspect" });
  expect(worker.received).toMatchObject([{ type: "inspect", zoneId: 1 }]);
  const refused = refusal(question);
  await supervisor.stop();
  expect(await refused).toContain("The server stops.");
});
