// Zones that fall while players are in them, in a real server over real sockets: they get up, or their players are moved,
// and nobody in another zone and no socket notices.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { OP_SPIN, OP_TRAP } from "../../assembly/abi.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { LineSocket } from "../../tools/client/line-socket.ts";
import { isMessage, LiveServer, until } from "../helpers/control-live.ts";

setDefaultTimeout(120_000);

const PLAYERS = 12;
let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start({ players: PLAYERS, world: "server/protocol/content/worlds/four-zones.toml" });
}, 120_000);
afterAll(() => live[Symbol.asyncDispose]());

const isCrash = (line: TelemetryLine): boolean =>
  isMessage("Zone state changed")(line) && ["CRASHED", "DOWN"].includes(String(line.data["to_state"]));
const inZone = (zone: number): number => live.swarm.clients.filter(({ zoneId }) => zoneId === zone).length;
const everybodyPlays = (): Promise<void> => until("everybody plays", () => live.swarm.playing === PLAYERS);

/** What a client sees of its server, of which nothing may change when a zone it is not in falls. */
const troubles = (): Record<string, number> => {
  const { drops, resumed, restarted, protocolErrors, connectFailures } = live.swarm.stats;
  return { drops, resumed, restarted, protocolErrors, connectFailures };
};

test("two zones fall again and again: each gets up within its tick, the others tick on, and nobody is disconnected", async () => {
  await everybodyPlays();
  const before = troubles();
  const since = live.now();
  await live.ask({ command: "activate", fault_id: "zone-trap", target_zone_id: 1, params: { every_ticks: 10 } });
  await live.ask({ command: "activate", fault_id: "zone-runaway", target_zone_id: 2, params: { every_ticks: 10 } });
  const [ones, twos] = await Promise.all([1, 2].map((zone) => live.sees(isMessage("Zone recovered", zone), since, 4)));
  for (const [lines, op] of [
    [ones, OP_TRAP],
    [twos, OP_SPIN],
  ] as const) {
    for (const { data } of lines ?? []) expect(data).toMatchObject({ rung: "quarantine", op, phase: "commands" });
  }
  await live.remove("zone-trap");
  await live.remove("zone-runaway");
  await Promise.all([1, 2, 3, 4].map((zone) => live.zoneTicks(zone, 10)));

  const ticks = await live.lines(isMessage("Zone tick completed"), since);
  for (const zone of [1, 2, 3, 4]) {
    const numbers = ticks.filter(({ data }) => data["zone_id"] === zone).map(({ data }) => Number(data["tick"]));
    const [first = 0] = numbers;
    expect(numbers).toEqual(numbers.map((_, index) => first + index)); // each tick once, none left out
  }
  // Late ticks of a busy machine are another matter: what must not spread is the crash.
  const crashes = await live.lines(isCrash, since);
  expect(new Set(crashes.map(({ data }) => data["zone_id"]))).toEqual(new Set([1, 2]));
  const [traps, recoveries] = await Promise.all(
    ["Zone tick exception", "Zone recovered"].map((message) => live.lines(isMessage(message), since)),
  );
  expect(recoveries?.length).toBe(traps?.length as number);
  expect(await live.lines(isMessage("Zone ticks lost"), since)).toEqual([]);
  await everybodyPlays();
  expect(troubles()).toEqual(before);
}, 120_000);

test("a zone that can not be recovered: its players are told, moved with no socket closed, and later brought back", async () => {
  const told: Record<string, unknown>[] = [];
  const socket = await LineSocket.connect({
    host: "127.0.0.1",
    port: live.child.ports.game,
    onLine: (line) => void told.push(JSON.parse(line) as Record<string, unknown>),
    onClose: () => void told.push({ type: "closed" }),
  });
  socket.send('{"type":"hello","v":1,"name":"Witness","zone":3}\n');
  await until("the witness is in zone 3", () => told.some(({ type, zone_id }) => type === "welcome" && zone_id === 3));
  const [home, before] = [inZone(3), troubles()];
  expect(home).toBeGreaterThan(0);

  await live.ask({ command: "activate", fault_id: "zone-trap", target_zone_id: 3, params: { every_ticks: 1 } });
  await until("zone 3 has nobody in it", () => inZone(3) === 0);
  const moves = (): unknown[] => told.filter(({ type }) => type === "zone").map(({ reason }) => reason);
  await until("the witness was told", () => moves().length === 1);
  expect(moves()).toEqual(["zone_down"]);
  await until("it sees another zone", () => told.at(-1)?.["type"] === "state");
  await everybodyPlays();

  await live.ask({ command: "deactivate", fault_id: "zone-trap" });
  await until("zone 3 has its players back", () => inZone(3) === home);
  await until("the witness was told that too", () => moves().length === 2);
  expect(moves()).toEqual(["zone_down", "zone_restored"]);
  expect(told.some(({ type }) => type === "closed" || type === "error")).toBe(false);
  await everybodyPlays();
  expect(troubles()).toEqual(before);
  socket.send('{"type":"bye"}\n');
  await until("the witness has left", () => told.at(-1)?.["type"] === "closed");
  await until("zone 3 is as before", async () => String((await live.zoneTicks(3, 1))[0]?.["state"]) === "ACTIVE");
}, 120_000);

describe("kill switch", () => {
  test("ends every fault within two ticks, whatever the zones are doing", async () => {
    const slow = { fault_id: "latency-spike", params: { delay_ms: 5_000 }, target_zone_id: 4 };
    const flood = { fault_id: "event-queue-flood", params: { multiplier: 20 }, target_zone_id: 1 };
    const trap = { fault_id: "zone-trap", params: { every_ticks: 2 }, target_zone_id: 2 };
    const runaway = { fault_id: "zone-runaway", params: { every_ticks: 2 }, target_zone_id: 3 };
    const faults = [slow, flood, trap, runaway];
    for (const fault of faults) await live.ask({ command: "activate", ...fault });
    for (const { fault_id } of faults) {
      const struck = async (): Promise<boolean> => (await live.status(fault_id)).eligible > 0;
      await until(`${fault_id} strikes`, struck);
    }
    const halted = await live.ask({ command: "halt" });
    expect(halted["removed"]).toHaveLength(faults.length);
    const since = live.now();
    // The tick in hand and the next one may still show what was active when they began.
    const after = await Promise.all([1, 2, 3, 4].map((zone) => live.zoneTicks(zone, 8, since)));
    const traps = await live.lines(isMessage("Zone tick exception"), since);
    for (const [index, ticks] of after.entries()) {
      for (const tick of ticks.slice(2)) {
        expect(tick["events_processed"]).toBeLessThan(tick["entities"] ?? 0);
        const isTrapped = traps.some(({ data }) => data["zone_id"] === index + 1 && data["tick"] === tick["tick"]);
        expect(isTrapped).toBe(false);
      }
    }
    const { affected } = await live.status("latency-spike");
    await live.zoneTicks(4, 4);
    expect((await live.status("latency-spike")).affected).toBe(affected);
    await live.ask({ command: "resume" });
    await everybodyPlays();
  }, 120_000);
});
