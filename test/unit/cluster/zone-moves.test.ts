// A move of a zone, as the controller orders it and hears of it.

import { expect, test } from "bun:test";
import type { MessageHead } from "../../../server/bus/bus.ts";
import { BusNames } from "../../../server/bus/subjects.ts";
import { ClusterView, SILENT_MS_MAX } from "../../../server/main/cluster/cluster-view.ts";
import { answerHostRequests } from "../../../server/main/cluster/host-requests.ts";
import { TOLD } from "../../../server/main/cluster/stream-journal.ts";
import { ZoneMoves } from "../../../server/main/cluster/zone-moves.ts";

const names = new BusNames();
const ZONES = [1, 2].map((id) => ({ id, name: `Field ${id}` }));

/** A bus of one process, on which host a owns zone 1, b is a standby, and what a stream takes is said by hand. */
class Bench {
  nowMs = 1_000;
  readonly released: [zone: number, to: string][] = [];
  /** What host a does when it is told to give a zone away. */
  onRelease: (zone: number, to: string) => void = () => {};
  readonly view = new ClusterView({ zones: ZONES, now: () => this.nowMs });
  readonly moves: ZoneMoves;
  readonly #heard = new Map<string, (subject: string, bytes: Uint8Array, head: MessageHead) => void>();
  readonly #answers = new Map<string, (bytes: Uint8Array) => Promise<Uint8Array>>();

  constructor() {
    const bus = {
      subscribe: (subject: string, handler: (subject: string, bytes: Uint8Array, head: MessageHead) => void) => {
        this.#heard.set(subject, handler);
        return () => void this.#heard.delete(subject);
      },
      answer: (subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>) => {
        this.#answers.set(subject, handler);
        return () => void this.#answers.delete(subject);
      },
      request: (subject: string, bytes: Uint8Array) =>
        this.#answers.get(subject)?.(bytes) ?? Promise.reject(new Error(`Nobody answered ${subject}.`)),
    };
    this.moves = new ZoneMoves({ bus, names, view: this.view, now: () => this.nowMs });
    answerHostRequests(bus, names, "a", {
      release: async (zone, to) => {
        if (zone === 2) throw new Error("Host a does not run zone 2.");
        this.released.push([zone, to]);
        this.onRelease(zone, to);
      },
    });
    this.beat("a", [1, 2]);
    this.beat("b", []);
  }

  get listeners(): number {
    return this.#heard.size;
  }

  beat(host: string, zones: number[]): void {
    const owned = zones.map((zone) => ({ zone, epoch: 4, tick: 100, state: "ACTIVE", players: 2, lagMs: 1 }));
    this.view.hostBeat({ host, pid: 7, load: 0, zones: owned });
  }

  /** The stream of zone 1 takes a message. */
  says(kind: string, epoch: number, host: string): void {
    const head = new Map<string, string>([
      [TOLD.kind, kind],
      [TOLD.epoch, String(epoch)],
      [TOLD.host, host],
    ]);
    this.#heard.get(names.heard(1))?.("", new Uint8Array(0), { get: (name) => head.get(name) ?? "" });
  }
}

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "moved",
    (error: { code?: string }) => error.code,
  );

test("a zone is given to the host that is named, and stands still from the last old tick to the first new one", async () => {
  const bench = new Bench();
  bench.onRelease = () => {
    bench.says("j", 4, "a");
    bench.nowMs += 30;
    bench.says("release", 4, "a");
    bench.nowMs += 50;
    bench.says("fence", 5, "b");
    bench.nowMs += 20;
    bench.says("j", 5, "b");
  };
  expect(await bench.moves.move(1, "b")).toEqual({ zone: 1, from: "a", to: "b", epoch: 5, still_ms: 100 });
  expect(bench.released).toEqual([[1, "b"]]);
  expect(bench.listeners).toBe(0);
});

test("whoever else took the zone is named", async () => {
  const bench = new Bench();
  bench.onRelease = () => bench.says("j", 5, "c");
  expect(await codeOf(bench.moves.move(1, "b"))).toBe("not_moved");
  expect(bench.moves.move(1, "b")).rejects.toThrow("Zone 1 runs on host c now: b did not take it in time.");
});

test("what can not be moved is refused before any host is asked", async () => {
  const bench = new Bench();
  expect(await codeOf(bench.moves.move(3, "b"))).toBe("no_such_zone");
  expect(await codeOf(bench.moves.move(1, "z"))).toBe("no_such_host");
  expect(await codeOf(bench.moves.move(1, "a"))).toBe("already_there");
  bench.nowMs += SILENT_MS_MAX;
  expect(await codeOf(bench.moves.move(1, "b"))).toBe("host_silent");
  bench.beat("b", []);
  expect(await codeOf(bench.moves.move(1, "b"))).toBe("zone_without_owner");
  expect(bench.released).toEqual([]);
});

test("a zone that is on its way is not moved a second time; one that its host does not run stays", async () => {
  const bench = new Bench();
  const first = bench.moves.move(1, "b");
  expect(await codeOf(bench.moves.move(1, "b"))).toBe("zone_moving");
  await Bun.sleep(0);
  bench.says("j", 5, "b");
  expect(await first).toMatchObject({ to: "b" });
  expect(await codeOf(bench.moves.move(2, "b"))).toBe("host_refused");
  expect(bench.listeners).toBe(0);
});
