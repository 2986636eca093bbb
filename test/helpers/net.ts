// For tests of the gateway: zones that are only recorded, kernel frames built by hand, a raw client, and a gateway over
// all three on a real port. Time is the test's own clock where a limit in time is at stake.

import type { Socket } from "bun";
import * as abi from "../../assembly/abi.ts";
import { readCommands } from "./zone-commands.ts";
import type { ReadCommand } from "./zone-commands.ts";
import type { World } from "../../server/protocol/content/content.ts";
import { Gateway } from "../../server/main/gateway/gateway.ts";
import type { GatewayDeps } from "../../server/main/gateway/gateway.ts";
import type { ZoneLink, ZoneListener } from "../../server/shared/zone-link.ts";
import type { Crossing } from "../../server/shared/transfer.ts";
import type { Emitter, TelemetryType } from "../../server/protocol/telemetry-line.ts";
import type { ZoneState } from "../../server/shared/zone-messages.ts";
import { IS_THERE, REFUSED } from "../../server/shared/ring-records.ts";

/** A command with its zone. */
export interface RecordedCommand extends ReadCommand {
  zoneId: number;
}

/** Zones that take commands and do nothing; the test says what they tell. */
export class RecordingLink implements ZoneLink {
  readonly zones = new Map<
    number,
    { id: number; name: string; state: ZoneState; tick: number; overloadLevel: number }
  >();
  readonly commands: RecordedCommand[] = [];
  /** Zones whose ring is full. */
  readonly full = new Set<number>();
  readonly arrivals: { zoneId: number; session: number; x: number; y: number }[] = [];
  /** Newest ticket given to each zone, and of the newest JOIN or arrival of each session. */
  readonly tickets = new Map<number, number>();
  /** A character that leaves is handed out at once, without a record of anything. */
  handsOut = false;
  readonly #entries = new Map<number, number>();
  readonly #listeners: ZoneListener[] = [];

  constructor(...zoneIds: number[]) {
    for (const id of zoneIds)
      this.zones.set(id, { id, name: `Zone ${id}`, state: "ACTIVE", tick: 1, overloadLevel: 0 });
  }

  send(zoneId: number, records: Uint8Array): boolean {
    if (this.full.has(zoneId)) return false;
    const all = readCommands(records);
    const [first, last] = [all[0], all.at(-1)];
    if (first === undefined || last === undefined) return false;
    const { op, a: ticket } = last;
    if (op === abi.OP_ARRIVE) this.arrivals.push({ zoneId, session: first.session, x: last.x, y: last.y });
    else this.commands.push({ zoneId, ...last });
    if (op === abi.OP_JOIN || op === abi.OP_LEAVE || op === abi.OP_ARRIVE) this.tickets.set(zoneId, ticket);
    if (this.handsOut && op === abi.OP_LEAVE) queueMicrotask(() => this.depart(last.session, zoneId, 0));
    if (op === abi.OP_JOIN || op === abi.OP_ARRIVE) this.#entries.set(first.session, ticket);
    return true;
  }

  listen(listener: ZoneListener): void {
    this.#listeners.push(listener);
  }

  /** A player goes through a portal; the newest action that the zone they leave has done is `ack`. */
  depart(session: number, from: number, to: number, ack = 0): void {
    const crossing = { session, from, to, at: { x: 1, y: 2, z: 0 }, words: new Uint32Array(abi.TRANSFER_WORDS) };
    crossing.words[abi.TRANSFER_ACK] = ack;
    this.handOut(crossing);
  }

  /** A zone hands out a player's state. */
  handOut(crossing: Crossing): void {
    for (const listener of this.#listeners) listener.departed?.(crossing);
  }

  /** The newest JOIN or arrival of a session came to pass. */
  entered(session: number, zoneId: number, outcome: number, reason = 0): void {
    const ticket = this.#entries.get(session) ?? 0;
    for (const listener of this.#listeners) listener.entered?.({ zoneId, session, ticket, outcome, reason });
  }

  /** The same, told as yes or no. */
  arrived(session: number, zoneId: number, isThere: boolean): void {
    this.entered(session, zoneId, isThere ? IS_THERE : REFUSED);
  }

  /** A zone says who is in it, having dealt with all it was told, or with tickets up to `ticket`. */
  census(zoneId: number, ids: number[], ticket = this.tickets.get(zoneId) ?? 0): void {
    const tick = this.zones.get(zoneId)?.tick ?? 0;
    for (const listener of this.#listeners)
      listener.counted?.({ zoneId, tick, ticket, tickets: Uint32Array.of(ticket), ids: new Set(ids) });
  }

  /** One tick of a zone that tells these frames. */
  tick(zoneId: number, ...frames: FrameBuilder[]): void {
    const zone = this.zones.get(zoneId);
    if (zone !== undefined) zone.tick++;
    for (const frame of frames) {
      const bytes = frame.bytes();
      for (const listener of this.#listeners) listener.framed?.(zoneId, bytes, 0, bytes.length);
    }
    for (const listener of this.#listeners) listener.tickEnded?.(zoneId);
  }

  setState(zoneId: number, to: ZoneState): void {
    const zone = this.zones.get(zoneId)!;
    const from = zone.state;
    zone.state = to;
    for (const listener of this.#listeners)
      listener.said?.({ type: "zone_state", zoneId, from, to, reason: "test", tick: zone.tick });
  }

  /** What was asked of the zones by one session: opcodes in order. */
  opsOf(session: number): number[] {
    return this.commands.filter((command) => command.session === session).map((command) => command.op);
  }
}

/** Builds a frame as the kernel does (assembly/abi.ts). */
export class FrameBuilder {
  readonly #words: number[] = [];
  readonly #session: number;
  readonly #tick: number;
  readonly #ack: number;

  constructor(session: number, tick: number, ack = 0) {
    this.#session = session;
    this.#tick = tick;
    this.#ack = ack;
  }

  /** A record; numbers given as { f } are f32. */
  record(kind: number, info: number, ...fields: (number | { f: number })[]): this {
    const words = fields.map((field) => (typeof field === "number" ? field >>> 0 : floatBits(field.f)));
    this.#words.push((kind | ((words.length + 1) << 8) | (info << 16)) >>> 0, ...words);
    return this;
  }

  reset(): this {
    return this.record(abi.RECORD_RESET, 0);
  }

  /** An event; its fields from source on, filled up with zeros. */
  event(kind: number, info: number, ...fields: (number | { f: number })[]): this {
    const padded = [...fields, ...Array.from({ length: 9 - fields.length }, () => 0)];
    return this.record(abi.RECORD_EVENT, kind | (info << 8), ...padded);
  }

  bytes(): Uint8Array {
    const length = abi.FRAME_HEADER_BYTES + this.#words.length * 4;
    return new Uint8Array(new Uint32Array([length, this.#session, this.#tick, this.#ack, ...this.#words]).buffer);
  }
}

function floatBits(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0]!;
}

/** Keeps every line it is given. */
export class RecordingEmitter implements Emitter {
  readonly lines: { type: TelemetryType; component: string; message: string; data: Record<string, unknown> }[] = [];

  emit(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void {
    this.lines.push({ type, component, message, data });
  }

  emitSampled(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void {
    this.emit(type, component, message, data);
  }

  all(message: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line.message === message).map((line) => line.data);
  }
}

export const TEST_WORLD: World = {
  name: "Test",
  zones: [],
  content: {
    items: [{ id: 0, name: "Gold", stack: 1_000 }],
    spells: [spell(102, "Kick"), spell(100, "Fire Blast"), spell(200, "Fireball")],
    creatures: [creature("Wolf"), creature("Hogger")],
    classes: [playerClass("Warrior", [102]), playerClass("Mage", [100, 200])],
  },
};

/** Calls `tick` on and on until `isTrue`; fails after `timeoutMs`, which is only there to end a broken test. */
export async function until(isTrue: () => boolean, tick: () => void = () => {}, timeoutMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error("what the test waited for did not come");
    tick();
    await Bun.sleep(1);
  }
}

export interface TestGateway extends AsyncDisposable {
  gateway: Gateway;
  link: RecordingLink;
  emitter: RecordingEmitter;
  port: number;
  /** Milliseconds; the gateway's clock. */
  clock: { now: number };
  client(): Promise<RawClient>;
  /** Server and zone ticks until `isTrue`; the clock moves on by 50 ms each. */
  run(isTrue: () => boolean): Promise<void>;
}

export function startGateway(options: Partial<GatewayDeps> & { zones?: number[] } = {}): TestGateway {
  const { zones = [1, 2], ...deps } = options;
  const link = new RecordingLink(...zones);
  const emitter = new RecordingEmitter();
  const clock = { now: 1_000 };
  const gateway = new Gateway({
    supervisor: link,
    emitter,
    world: TEST_WORLD,
    tickRateHz: 20,
    now: () => clock.now,
    ...deps,
  });
  const port = gateway.listen("127.0.0.1", 0);
  const clients: RawClient[] = [];
  let tick = 0;
  const step = (): void => {
    clock.now += 50;
    gateway.onServerTick(++tick);
    for (const [id, zone] of link.zones) if (zone.state !== "DOWN") link.tick(id);
  };
  return {
    gateway,
    link,
    emitter,
    port,
    clock,
    async client() {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
    run: (isTrue) => until(isTrue, step),
    async [Symbol.asyncDispose]() {
      link.handsOut = true;
      for (const client of clients) client.close();
      await gateway.stop();
    },
  };
}

export type Message = Record<string, unknown>;

/** A socket that sends what it is told and keeps the lines that come. */
export class RawClient {
  readonly received: Message[] = [];
  closed = false;
  #socket!: Socket<undefined>;
  #rest = "";

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => client.#onData(chunk.toString()),
        close: () => {
          client.closed = true;
        },
        error: () => {},
      },
    });
    return client;
  }

  send(...messages: unknown[]): void {
    this.raw(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  }

  raw(data: string | Uint8Array): number {
    return this.#socket.write(data);
  }

  /** The last message of a type, or undefined. */
  last(type: string): Message | undefined {
    return this.received.findLast((message) => message.type === type);
  }

  pauseReading(): void {
    (this.#socket as unknown as { pause(): void }).pause();
  }

  resumeReading(): void {
    (this.#socket as unknown as { resume(): void }).resume();
  }

  close(): void {
    this.#socket.end();
  }

  abort(): void {
    this.#socket.terminate();
  }

  #onData(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.received.push(JSON.parse(line));
  }
}

function creature(name: string): World["content"]["creatures"][number] {
  return {
    name,
    level: 10,
    health: 100,
    damage: [1, 2],
    swingS: 2,
    armor: 0,
    speedYdS: 7,
    aggroRadiusYd: 0,
    roamRadiusYd: 5,
    respawnS: [30, 60],
    corpseS: 60,
    spellId: 0,
  } as World["content"]["creatures"][number];
}

function playerClass(name: string, spells: number[]): World["content"]["classes"][number] {
  return {
    name,
    health: 100,
    power: 100,
    powerType: "mana",
    armor: 0,
    swingS: 2,
    damage: [1, 2],
    meleeRangeYd: 5,
    spells,
  } as World["content"]["classes"][number];
}

function spell(id: number, name: string): World["content"]["spells"][number] {
  return { id, name, effect: "damage", rangeYd: 30 } as World["content"]["spells"][number];
}
