import { expect, test } from "bun:test";
import type { TelemetryLine, TelemetryType } from "../../../server/protocol/telemetry-line.ts";
import { ENTRIES_MAX, EventLog, FREQUENT_PER_SECOND_MAX } from "../../../tools/dashboard/event-log.ts";

const line = (
  type: TelemetryType,
  component: string,
  message: string,
  data: Record<string, unknown> = {},
): TelemetryLine => {
  return { v: 1, timestamp: "2026-01-01T12:00:05.000Z", type, component, message, data };
};

const ALL = { level: "all", text: "" } as const;
const NOTABLE = { level: "notable", text: "" } as const;
const texts = (log: EventLog, filter: Parameters<EventLog["newest"]>[0]) =>
  log.newest(filter, 100).map(({ text }) => text);

test("what is told every tick or second is not for the log", () => {
  const log = new EventLog();
  log.take(line("metric", "zone", "Zone tick completed"));
  log.take(line("health", "server", "Process"));
  log.take(line("health", "audit", "Entity census"));
  expect(texts(log, ALL)).toEqual([]);
});

test("entries come in order, the frequent ones only when everything is asked for", () => {
  const log = new EventLog();
  log.take(line("event", "zone", "Zone recovered", { zone_id: 1 }));
  log.take(line("event", "combat", "Damage dealt", { actual_damage: 7 }));
  log.take(line("error", "zone", "Zone tick exception"));
  log.note("the server is back", 0);
  expect(texts(log, NOTABLE)).toEqual(["Zone recovered zone_id=1", "Zone tick exception", "the server is back"]);
  expect(texts(log, ALL)[1]).toBe("Damage dealt actual_damage=7");
  expect(texts(log, { level: "errors", text: "" })).toEqual(["Zone tick exception", "the server is back"]);
  expect(log.newest(NOTABLE, 1).map(({ text }) => text)).toEqual(["the server is back"]);
});

test("what comes with every player is not notable, and what changed is told first and whole", () => {
  const log = new EventLog();
  for (const message of ["Connection accepted", "Client disconnected", "Malformed JSON from client"])
    log.take(line("event", "game_server", message, { session_id: 7 }));
  log.take(
    line("event", "session", "State transition", { session_id: 7, from_state: "IN_WORLD", to_state: "DESTROYED" }),
  );
  log.take(
    line("event", "zone", "Zone state changed", { zone_id: 1, from_state: "ACTIVE", to_state: "DOWN", reason: "x" }),
  );
  log.take(line("event", "deploy", "Module swapped", { zone_id: 1, from_hash: "a", to_hash: "b" }));
  expect(texts(log, NOTABLE)).toEqual([
    "Zone state changed ACTIVE → DOWN zone_id=1 reason=x",
    "Module swapped a → b zone_id=1",
  ]);
  expect(texts(log, ALL)).toContain("State transition IN_WORLD → DESTROYED session_id=7");
});

test("an entry is told whole, however long, until it is not kept any more", () => {
  const log = new EventLog();
  const error = "x".repeat(5_000);
  log.take(line("error", "zone", "Zone tick exception", { zone_id: 1, error }));
  expect(log.whole(log.seq)).toEqual([
    "2026-01-01T12:00:05.000Z  error  zone",
    "Zone tick exception",
    "zone_id: 1",
    `error: ${error}`,
  ]);
  expect(log.whole(log.seq + 1)).toBeNull();
});

test("begins and ends of faults are kept for the plots, and bounded", () => {
  const log = new EventLog();
  log.take(line("event", "fault", "Fault activated", { fault_id: "slow-leak" }));
  log.take(line("event", "fault", "Fault deactivated", { fault_id: "slow-leak" }));
  log.take(line("event", "deploy", "Fault activated"));
  expect(log.marks.map(({ what }) => what)).toEqual(["begin", "end"]);
  for (let count = 0; count < 1_000; count++) log.take(line("event", "fault", "Fault activated"));
  expect(log.marks.length).toBe(200);
});

test("a filter's words must all be in the entry, in whatever case", () => {
  const log = new EventLog();
  log.take(line("event", "zone", "Zone recovered", { zone_id: 1 }));
  log.take(line("event", "zone", "Zone recovered", { zone_id: 2 }));
  expect(texts(log, { level: "notable", text: "ZONE_ID=2 recov" })).toEqual(["Zone recovered zone_id=2"]);
});

test("a flood of frequent events pushes nothing rare out, and memory stays bounded", () => {
  const log = new EventLog();
  log.take(line("event", "zone", "Zone recovered"));
  for (let n = 0; n < ENTRIES_MAX * 5; n++) log.take(line("event", "movement", "Position updated", { n }));
  expect(texts(log, NOTABLE)).toEqual(["Zone recovered"]);
  expect(log.count(ALL)).toBeLessThanOrEqual(2 * ENTRIES_MAX + 1);
  expect(log.newest(ALL, 1)[0]!.text).toBe(`Position updated n=${ENTRIES_MAX * 5 - 1}`);
});

test("of frequent events no more are read in a second than can be kept, and the rest is counted", () => {
  const log = new EventLog();
  const frequent = (component: string): string => JSON.stringify(line("event", component, "Said"));
  const others = [
    line("error", "combat", "Said"),
    line("event", "zone", "combat"),
    line("metric", "zone", "Zone tick completed"),
  ];
  const read = (nowMs: number): number => {
    let count = 0;
    for (let n = 0; n < FREQUENT_PER_SECOND_MAX; n++) {
      for (const component of ["combat", "movement", "spellcast"])
        if (log.isWorthReading(frequent(component), nowMs)) count++;
    }
    return count;
  };
  expect(read(5_000)).toBe(FREQUENT_PER_SECOND_MAX);
  expect(log.unread).toBe(2 * FREQUENT_PER_SECOND_MAX);
  for (const text of [...others.map((each) => JSON.stringify(each)), '{"challenge":"0123"}', "", "x"])
    expect(log.isWorthReading(text, 5_999)).toBe(true);
  expect(read(6_000)).toBe(FREQUENT_PER_SECOND_MAX);
  expect(log.unread).toBe(4 * FREQUENT_PER_SECOND_MAX);
});

test("held still at an entry, later ones are not shown", () => {
  const log = new EventLog();
  log.note("first", 0);
  const held = log.seq;
  log.note("second", 0);
  expect(log.newest(NOTABLE, 10, held).map(({ text }) => text)).toEqual(["first"]);
});

test("texts from outside are made harmless", () => {
  const log = new EventLog();
  log.take(line("event", "game\u001b[2J", "Hello\u0007", { name: "\u001b]0;x\u0007".repeat(50) }));
  const [entry] = log.newest(NOTABLE, 1);
  expect(entry!.source + entry!.text).not.toMatch(/\p{C}/u);
  expect(entry!.text.length).toBeLessThan(200);
});
