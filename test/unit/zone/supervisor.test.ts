// The main thread's hold on its zone workers: with real workers, and with one that does what the test wants.

import { expect, setDefaultTimeout, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN } from "../../../assembly/abi.ts";
import { FaultBlock } from "../../../server/fault/fault-block.ts";
import type { FromZoneWorker } from "../../../server/zone/messages.ts";
import { Ring } from "../../../server/zone/ring.ts";
import { newTicket, withdrawTicket } from "../../../server/zone/swap-ticket.ts";
import { ZoneSupervisor } from "../../../server/zone/supervisor.ts";
import type { SupervisorOptions } from "../../../server/zone/supervisor.ts";
import { workers } from "../../../server/workers.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
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
    telemetryRings: Array.from({ length: count }, () => Ring.allocate(1 << 20)),
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

test("a worker that dies takes its zones down and no others, and no fault waits for it", async () => {
  const { href } = new URL("../../helpers/zone-mortal-worker.ts", import.meta.url);
  let made = 0;
  await using supervised = await supervise({
    newWorker: () => (made++ === 0 ? new Worker(href) : workers.zone()),
  });
  const { supervisor, emitter, messages, block } = supervised;
  await eventually(() => supervisor.tick > 0);
  block.open(1);
  block.close(1);
  supervisor.broadcast({ type: "fault_deactivate", activation: 666 });
  await eventually(() => supervisor.zones.get(1)?.state === "DOWN");
  expect(messages).toMatchObject([{ type: "zone_state", zoneId: 1, to: "DOWN", reason: "its worker died" }]);
  expect(emitter.messages("Zone tick exception")[0]?.data).toMatchObject({
    zone_id: 1,
    error: expect.stringContaining("zone worker died: "),
  });
  expect(await refusal(supervisor.request(1, { type: "inspect" }))).toContain("is gone");
  const before = supervisor.tick;
  await eventually(() => supervisor.tick > before + 2);
  expect(supervisor.zones.get(2)?.state).toBe("ACTIVE");
  supervisor.broadcast({ type: "fault_deactivate", activation: 1 });
  await eventually(() => block.isRetired(1));
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
