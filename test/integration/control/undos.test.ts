// What an operator's undo does on the main thread: rolls back what is still in place, asks the zone, names the players, and tells
// telemetry and the history.

import { expect, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN } from "../../../assembly/abi.ts";
import type { DeployEvent } from "../../../server/main/control/deploy.ts";
import { Undos } from "../../../server/main/control/undos.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { badKernel, UndoPlay } from "../../helpers/undo.ts";

/** A real zone behind the main thread's part. */
class Server {
  readonly emitter = new MemoryEmitter();
  readonly notes: DeployEvent[] = [];
  readonly undos: Undos;
  readonly play: UndoPlay;
  rollbacks: unknown[][] = [];
  #heard = 0;

  static async start(): Promise<Server> {
    const play = await UndoPlay.start();
    play.give(...[1, 2].map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 })));
    play.tick(5);
    return new Server(play);
  }

  private constructor(play: UndoPlay) {
    this.play = play;
    const { runner } = play.bench;
    this.undos = new Undos({
      zones: {
        zones: new Map([[1, { tick: 0 }]]),
        request: async (_zoneId, message) => {
          if (message.type === "undo_keep") return message.isKept ? runner.undo.keep() : runner.undo.gaveUp();
          return message.order === null ? runner.undo.look() : runner.undo.start(message.order);
        },
      },
      deployer: {
        rollback: (...given) => {
          this.rollbacks.push(given);
          runner.rollback();
          return [1];
        },
        remembers: () => undefined,
        labelOf: () => "bad.wasm",
      },
      players: { nameOf: (session) => (session === 1 ? "Ann" : null) },
      emitter: this.emitter,
      log: { note: (event) => void this.notes.push(event) },
    });
  }

  /** The main thread reads what the zone has said. */
  async hear(): Promise<void> {
    const { said } = this.play.bench;
    for (; this.#heard < said.length; this.#heard++) this.undos.said(said[this.#heard]!);
    await Promise.resolve();
  }

  get state(): string | undefined {
    return this.undos.list(1)[0]?.state;
  }
}

const request = { zoneId: 0, isDry: false, by: "anna@desk", reason: "health" };

test("of another module than the one that is meant nothing is undone, and nothing rolled back", async () => {
  const server = await Server.start();
  const bad = await badKernel("health 999,999");
  server.play.swap(bad);
  server.play.tick(20);
  await server.hear();
  await expect(server.undos.start({ ...request, module: "0123456789abcdef" })).rejects.toThrow(
    `zone 1: what can be undone is ${bad.hash}, not 0123456789abcdef`.replace("zone", "Zone"),
  );
  expect([server.rollbacks, server.state]).toEqual([[], undefined]);
  expect(await server.undos.start({ ...request, module: bad.hash })).toEqual([1]);
});

test("what is in place is rolled back first; then the zone undoes it, and everybody is told", async () => {
  const server = await Server.start();
  const { play, undos, emitter } = server;
  play.swap(await badKernel("health 999,999"));
  play.tick(20);
  await server.hear();
  expect(await undos.start(request)).toEqual([1]);
  expect(server.rollbacks).toEqual([[1, "anna@desk", undefined, "health"]]);
  expect(server.state).toBe("ordered");
  await server.hear();
  expect(server.state).toBe("running");
  await expect(undos.start(request)).rejects.toThrow("is being undone already");
  play.finish();
  await server.hear();
  const [undo] = undos.list();
  expect(undo).toMatchObject({ zone_id: 1, state: "done", by: "anna@desk", error: null, from_tick: 5 });
  expect(undo?.report?.players.map(({ name }) => name).toSorted()).toEqual(["Ann", "player 2"]);
  const [line] = emitter.messages("Module undone");
  expect(line?.data).toMatchObject({ zone_id: 1, reason: "health", players_changed: 2, clients: 2 });
  expect(line?.data["changes"]).toContain("Ann: health 999,999 → 320");
  expect(server.notes).toEqual([
    expect.objectContaining({ what: "undone", zoneId: 1, label: "bad.wasm", by: "anna@desk" }),
  ]);
  expect(server.notes[0]?.reason).toBe("ticks 6 to 25 again: another state for 2 players (health)");
  expect(server.notes[0]?.changes).toContain("player 2: health 999,999 → 320");
});

test("a dry run rolls nothing back, and is no part of the history", async () => {
  const server = await Server.start();
  const { play, undos, emitter } = server;
  play.swap(await badKernel("health 999,999"));
  play.tick(10);
  await undos.start({ ...request, isDry: true });
  play.finish();
  await server.hear();
  expect(undos.list(1)[0]).toMatchObject({ state: "done", dry_run: true, report: { players_changed: 2 } });
  expect([server.rollbacks, server.notes, emitter.messages("Module undone")]).toEqual([[], [], []]);
});

test("what can not be undone is refused with why, and leaves everything in place", async () => {
  const server = await Server.start();
  await expect(server.undos.start(request)).rejects.toMatchObject({ code: "nothing_to_undo" });
  await expect(server.undos.start({ ...request, zoneId: 7 })).rejects.toMatchObject({ code: "no_such_zone" });
  expect(server.undos.list()).toEqual([]);
});

test("an undo that its zone does not end has failed, and says so", async () => {
  const server = await Server.start();
  const { play, undos, emitter } = server;
  play.swap(await badKernel("health 999,999"));
  play.tick(10);
  play.rollBack();
  await undos.start(request);
  undos.revives(1);
  expect(undos.list(1)[0]).toMatchObject({ state: "failed", error: expect.stringContaining("its worker was lost") });
  expect(emitter.messages("Module not undone")).toHaveLength(1);
  expect(server.notes.map(({ what }) => what)).toEqual(["not_undone"]);
});

test("a zone that undoes by itself is heard too", async () => {
  const server = await Server.start();
  const { play, undos } = server;
  play.swap(await badKernel("health beyond the maximum, late"));
  while (!play.bench.runner.undo.isRunning) play.tick();
  play.finish();
  await server.hear();
  expect(undos.list(1)[0]).toMatchObject({
    state: "done",
    by: "",
    report: { reason: expect.stringContaining("broken rule") },
  });
});
