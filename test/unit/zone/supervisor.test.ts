// The main thread's hold on its zone workers: with real workers, and with one that does what the test wants.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN } from "../../../assembly/abi.ts";
import { FaultBlock } from "../../../server/fault/fault-block.ts";
import type { FromZoneWorker } from "../../../server/zone/messages.ts";
import { Ring } from "../../../server/zone/ring.ts";
import { newTicket, withdrawTicket } from "../../../server/zone/swap-ticket.ts";
import { ZoneSupervisor } from "../../../server/zone/supervisor.ts";
import type { SupervisorOptions } from "../../../server/zone/supervisor.ts";
import { workers } from "../../../server/workers.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { endBy, mortalWorkers } from "../../helpers/mortal-workers.ts";
import { eventually } from "../../helpers/telemetry.ts";
import { FakeZoneWorker } from "../../helpers/zone-fake-worker.ts";
import { testKernel, testWorld } from "../../helpers/zone.ts";

setDefaultTimeout(90_000);

const kernel = await testKernel();
const world = await testWorld();

interface Supervised extends AsyncDisposable {
  supervisor: ZoneSupervisor;
  emitter: MemoryEmitter;
  messages: FromZoneWorker[];
  block: FaultBlock;
}

async function supervise(options: Partial<SupervisorOptions> = {}): Promise<Supervised> {
  const [emitter, block, count] = [new MemoryEmitter(), new FaultBlock(FaultBlock.allocate()), options.workers ?? 2];
  const supervisor = await ZoneSupervisor.start({
    world,
    workers: count,
    newWorker: workers.zone,
    tickRateHz: 20,
    seed: 1,
    kernel,
    telemetryRing: () => Ring.allocate(1 << 20),
    faultBlock: block.buffer,
    emitter,
    ...options,
  });
  const messages: FromZoneWorker[] = [];
  supervisor.onMessage((message) => void messages.push(message));
  return { supervisor, emitter, messages, block, [Symbol.asyncDispose]: () => supervisor.stop() };
}

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
  supervisor.onFrame((zoneId, bytes, offset) => {
    framed.add(`${zoneId}:${new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset + 4, true)}`);
  });
  supervisor.onTickEnd((zoneId) => void ended.add(zoneId));
  supervisor.onTick(({ zoneId, tick }) => void ticked.set(zoneId, tick));
  for (const zone of [1, 2]) {
    expect(supervisor.command(zone, OP_JOIN, zone * 10, 0, JOIN_WATCHES, 0, 0, 0, 0, 10 << 8)).toBe(true);
  }
  expect(supervisor.command(9, OP_JOIN, 1, 0, 0, 0, 0, 0, 0, 0)).toBe(false);
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
  const swap = { type: "swap", module: kernel.module, hash: "0123456789abcdef", label: "other" } as const;
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

test("a swap whose ticket was withdrawn is not carried out, one whose ticket is taken can not be withdrawn", async () => {
  await using supervised = await supervise();
  const { supervisor } = supervised;
  const swap = { type: "swap", module: kernel.module, hash: "0123456789abcdef", label: "other" } as const;
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
    ["waits for ever", "wait", "hung", "ms late"],
    ["hangs in WebAssembly, where nobody can end it,", "wasm", "hung", "ms late"],
  ] as const)(
    "%s is named, and its zone begins anew in another; the other zone never notices",
    async (_, how, ended, why) => {
      const { newWorker, made } = mortalWorkers();
      await using supervised = await supervise({ newWorker, watchdogMs: 400 });
      const { supervisor, emitter } = supervised;
      const [ticks, states]: [number[], string[]] = [[], []];
      supervisor.onTick(({ zoneId, tick }) => void (zoneId === 1 && ticks.push(tick)));
      await eventually(() => (supervisor.zones.get(1)?.tick ?? 0) > 5);
      made[0]!.postMessage(endBy(how));
      await eventually(() => supervisor.zones.get(1)?.state === "DOWN");
      const asked = await refusal(supervisor.request(1, { type: "inspect" }));
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
      expect(asked).toMatch(/The worker of zone 1 is gone|zone worker/);
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
  supervisor.onTick(({ tick, state }) => void states.push(`${tick} ${state}`));
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
