// Undoes what modules did to zones: rolls a module back that is still in place, orders the undo, and keeps what came of it for
// operators, the history and telemetry. The zone does the work (server/zone/zone-undo.ts).
//
//   await undos.start({ zoneId: 2, isDry: false, by: "anna@desk", reason: "" })       // [2]
//   undos.list(2)             // [{ zone_id: 2, state: "ordered", ... }]; later "running", then "done" with its report
//
// A zone that finds out by itself that a module broke a rule undoes it without an order, and tells it here all the same. What a zone does not
// have in memory comes from the journal (journal-undos.ts): also when its worker was lost while it ran a module on trial, which is then undone
// without an order.

import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { layoutFrom } from "../../../assembly/toolchain/load.ts";
import { at } from "../../protocol/assert.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { undoInWords, undoLines } from "../../protocol/undo.ts";
import type { UndoneEntity, UndoneEvent, UndoReport, UndoStatus } from "../../protocol/undo.ts";
import type { PlayerNames } from "../../shared/player-names.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker, UndoLook, UndoOrder, ZoneRequest } from "../../shared/zone-messages.ts";
import type { Deployer, DeployNotes } from "./deploy.ts";
import type { JournalReading, JournalUndos } from "./journal-undos.ts";

/** Lines of a report in telemetry, and in the history. */
const LINES_TOLD_MAX = 10;
const LINES_KEPT_MAX = 40;

export interface UndosOptions {
  zones: {
    readonly zones: ReadonlyMap<number, { readonly tick: number }>;
    request(zoneId: number, message: Extract<ZoneRequest, { type: "undo" | "undo_keep" }>): Promise<unknown>;
  };
  deployer: Pick<Deployer, "rollback" | "labelOf" | "remembers">;
  /** Absent: only what zones have in memory can be undone. */
  journal?: Pick<JournalUndos, "find">;
  players: PlayerNames;
  emitter: Emitter;
  log?: DeployNotes;
}

/** A roll-back takes a second; one that is asked for again and again is given up by the deployer before. */
const ORDERED_MS_MAX = 30_000;

export interface UndoRequest {
  isDry: boolean;
  reason: string;
  /** 0: all zones that have something to undo. */
  zoneId: number;
  /** Undo what this module did, by hash, and nothing else; undefined: the last one. */
  module?: string | undefined;
  by: string;
}

/** The newest undo of a zone. */
type Undo = UndoStatus & { reason: string; from_hash: string; to_hash: string; report: UndoReport | null };

/** What can be undone in a zone, and what has it: `reading` null, the zone's memory. */
interface Seen extends UndoLook {
  reading: JournalReading | null;
  /** When the module was swapped in, as the journal says; and the module before. */
  sinceMs: number;
  before: Kernel | null;
}

export type ListedUndo = UndoStatus & { zone_id: number; report: UndoReport | null };

export class Undos implements ZoneListener {
  readonly #options: UndosOptions;
  readonly #undos = new Map<number, Undo>();
  /** By zone, what reads the journal for the newest undo. */
  readonly #readings = new Map<number, JournalReading>();
  /** By zone, the module that was on trial when its worker was lost, and how that was. */
  readonly #lostTrials = new Map<number, { module: string; reason: string }>();

  constructor(options: UndosOptions) {
    this.#options = options;
  }

  /**
   * Begins to undo; returns the zones in which there is something to undo. Those that refuse it are listed as failed, with why. Throws WowsimError: "nothing_to_undo" with why, "no_such_zone", "deploy_busy", and what the
   * zone refuses.
   */
  async start(request: UndoRequest): Promise<number[]> {
    const looks = await this.#look(request);
    const { module } = request;
    const isMeant = ({ open: found }: UndoLook): boolean => module === undefined || found?.module === module;
    const open = looks.filter((look) => look.open !== null && isMeant(look));
    if (open.length === 0) {
      const whyNot = (look: UndoLook): string =>
        look.open === null ? look.why : `what can be undone is ${look.open.module}, not ${module}`;
      const why = looks.map((look) => `zone ${look.zoneId}: ${whyNot(look)}`).join("; ");
      throw new WowsimError(
        "nothing_to_undo",
        `There is nothing to undo. ${capital(why)}; a roll-back alone is deploy_rollback.`,
      );
    }
    const begun = await Promise.allSettled(open.map((look) => this.#begin(look, request)));
    const refused = begun.flatMap((each, index) =>
      each.status === "rejected" ? [{ look: at(open, index), why: each.reason as unknown }] : [],
    );
    const [first] = refused;
    if (first !== undefined && refused.length === open.length) throw first.why;
    for (const { look, why } of refused) this.#refused(look, request, messageOf(why));
    return open.map(({ zoneId }) => zoneId);
  }

  /** What the zones have in memory, and for those that have nothing, the journal. */
  async #look({ zoneId, module }: UndoRequest): Promise<Seen[]> {
    const inMemory = await Promise.all(this.#meant(zoneId).map((id) => this.#ask(id, null)));
    const looks = inMemory.map((look): Seen => ({ ...look, reading: null, sinceMs: 0, before: null }));
    const wanted = looks.filter((look) => look.open === null && look.isInJournal && !this.#isUnderWay(look.zoneId));
    const ids = wanted.map((look) => look.zoneId);
    const reading = ids.length === 0 ? undefined : await this.#options.journal?.find(ids, module ?? null);
    if (reading === undefined) return looks;
    const found = reading.found.map((each): Seen => {
      const { through, sinceMs, look } = each;
      const { runs } = at(wanted, ids.indexOf(look.zoneId));
      const isInPlace = look.open !== null && runs !== look.open.through;
      const before = through === null ? null : { ...through, layout: layoutFrom(through.layout) };
      const open = look.open === null ? null : { ...look.open, isInPlace };
      return { ...look, open, runs, reading, sinceMs, before };
    });
    const all = looks.map((look) => found.find((each) => each.zoneId === look.zoneId) ?? look);
    const meant = module === undefined ? newestOf(all) : all;
    if (!meant.some((look) => look.reading !== null && look.open !== null)) reading.end();
    return meant;
  }

  /** The newest undo of each zone, or of one. */
  list(zoneId = 0): ListedUndo[] {
    const ids = this.#meant(zoneId);
    return ids.flatMap((id) => {
      const undo = this.#undos.get(id);
      if (undo === undefined) return [];
      const { state, dry_run, by, error, from_tick, tick, report } = undo;
      return [{ zone_id: id, state, dry_run, by, error, from_tick, tick, report }];
    });
  }

  said(message: FromZoneWorker): void {
    switch (message.type) {
      case "module":
        return this.#onModule(message.zoneId, message.hash, message.isTrial);
      case "rolled_back":
        if (message.isLost === true)
          this.#lostTrials.set(message.zoneId, { module: message.fromHash, reason: message.reason });
        return this.#onModule(message.zoneId, message.toHash, false);
      case "undo_wanted":
        return this.#startAlone(message.zoneId, message.module, message.reason);
      case "undone":
        return this.#done(message.zoneId, message.report);
      case "undo_failed":
        return this.#failed(message.zoneId, message.error, message.isDry);
      case "zone_state":
        if (message.to !== "DOWN") return;
        this.#lostTrials.delete(message.zoneId);
        this.#interrupted(message.zoneId, `the zone went DOWN: ${message.reason}`);
    }
  }

  /** The zone's worker was lost: it goes on from its journal, which has either history. */
  revives(zoneId: number): void {
    this.#interrupted(
      zoneId,
      "its worker was lost in the middle, and the zone goes on with the history that its journal has",
    );
    const trial = this.#lostTrials.get(zoneId);
    this.#lostTrials.delete(zoneId);
    if (trial !== undefined) this.#startAlone(zoneId, trial.module, trial.reason);
  }

  /** Nobody has ordered it. */
  #startAlone(zoneId: number, module: string, reason: string): void {
    this.start({ zoneId, module, isDry: false, by: "", reason }).catch((error: unknown) => {
      if (!this.#isUnderWay(zoneId)) this.#failed(zoneId, messageOf(error), false, module);
    });
  }

  /** Another one that is under way there goes on. */
  #refused({ zoneId, open, tick }: UndoLook, { isDry, by, reason }: UndoRequest, error: string): void {
    if (this.#isUnderWay(zoneId) || open === null) return;
    const { module: from_hash, through: to_hash, fromTick: from_tick } = open;
    const undo = { state: "failed" as const, dry_run: isDry, by, reason, error, from_hash, to_hash, from_tick, tick };
    this.#undos.set(zoneId, { ...undo, report: null });
  }

  #isUnderWay(zoneId: number): boolean {
    const state = this.#undos.get(zoneId)?.state;
    return state === "ordered" || state === "running";
  }

  async #begin(look: Seen, { isDry, by, reason }: UndoRequest): Promise<void> {
    const { zoneId, open, tick, reading, before } = look;
    if (open === null) return;
    if (this.#isUnderWay(zoneId))
      throw new WowsimError("undo_running", `Zone ${zoneId} is being undone already; see deploy_undo_report.`);
    const undo: Undo = {
      state: "ordered",
      dry_run: isDry,
      by,
      reason,
      error: null,
      from_hash: open.module,
      to_hash: open.through,
      from_tick: open.fromTick,
      tick,
      report: null,
    };
    this.#undos.set(zoneId, undo);
    if (reading !== null) this.#readings.set(zoneId, reading);
    try {
      if (open.isInPlace && !isDry) {
        if (before !== null) this.#options.deployer.remembers(zoneId, before);
        this.#options.deployer.rollback(zoneId, by, undefined, reason === "" ? undefined : reason);
        setTimeout(() => this.#expire(zoneId, undo), ORDERED_MS_MAX).unref();
      } else if (reading === null) await this.#order(zoneId, undo);
      else this.#orders(zoneId, undo);
    } catch (error) {
      this.#undos.delete(zoneId);
      this.#reads(zoneId);
      throw error;
    }
  }

  /** The zone refused the module before, or never answered. */
  #expire(zoneId: number, undo: Undo): void {
    if (this.#undos.get(zoneId) !== undo || undo.state !== "ordered") return;
    const seconds = ORDERED_MS_MAX / 1_000;
    this.#failed(zoneId, `the zone did not go back to ${undo.to_hash} within ${seconds} s; see deploy_status`, false);
  }

  async #order(zoneId: number, undo: Undo): Promise<void> {
    undo.state = "running";
    const { dry_run: isDry, reason } = undo;
    const reading = this.#readings.get(zoneId);
    if (reading === undefined) return void (await this.#ask(zoneId, { isDry, reason }));
    const { zones } = this.#options;
    const keeps = async (isKept: boolean): Promise<unknown> =>
      await zones.request(zoneId, { type: "undo_keep", isKept });
    try {
      const history = await reading.history(zoneId, async () => (await keeps(true)) as number);
      if (this.#undos.get(zoneId) === undo && undo.state === "running")
        await this.#ask(zoneId, { isDry, reason, history });
    } catch (error) {
      await keeps(false).catch(() => undefined);
      throw error;
    } finally {
      this.#reads(zoneId, reading);
    }
  }

  /** The same in the background. */
  #orders(zoneId: number, undo: Undo): void {
    this.#order(zoneId, undo).catch((error: unknown) => {
      if (this.#undos.get(zoneId) === undo && undo.state === "running")
        this.#failed(zoneId, messageOf(error), undo.dry_run);
    });
  }

  /** The zone does not need the journal any more; what nobody needs ends. */
  #reads(zoneId: number, of = this.#readings.get(zoneId)): void {
    if (of === undefined) return;
    if (this.#readings.get(zoneId) === of) this.#readings.delete(zoneId);
    if (![...this.#readings.values()].includes(of)) of.end();
  }

  /** The zone runs another module. */
  #onModule(zoneId: number, hash: string, isTrial: boolean): void {
    const undo = this.#undos.get(zoneId);
    if (undo?.state !== "ordered" || isTrial || hash !== undo.to_hash) return;
    this.#orders(zoneId, undo);
  }

  #done(zoneId: number, unnamed: UndoReport): void {
    const report = this.#named(unnamed);
    const { from_hash, to_hash, from_tick, tick, dry_run, reason } = report;
    const by = this.#undos.get(zoneId)?.by ?? "";
    const state = { state: "done", dry_run, by, reason, error: null } as const;
    this.#undos.set(zoneId, { ...state, from_hash, to_hash, from_tick, tick, report });
    if (dry_run) return;
    const { log, emitter, deployer } = this.#options;
    const changes = undoLines(report, LINES_KEPT_MAX);
    const summary = `ticks ${from_tick + 1} to ${tick} again: ${undoInWords(report)}${reason === "" ? "" : ` (${reason})`}`;
    const event = { zoneId, from: from_hash, to: to_hash, label: deployer.labelOf(from_hash), by };
    log?.note({ what: "undone", ...event, reason: summary, changes });
    emitter.emit("event", "deploy", "Module undone", {
      zone_id: zoneId,
      tick,
      from_hash,
      to_hash,
      from_tick,
      hash: report.hash,
      reason,
      clients: report.clients,
      players_changed: report.players_changed,
      creatures_changed: report.creatures_changed,
      untold: report.untold_count,
      leavers_changed: report.leavers_changed,
      ran_ms: report.ran_ms,
      pause_ms: report.pause_ms,
      changes: changes.slice(0, LINES_TOLD_MAX),
    });
  }

  /** `module`: what was to be undone, when nobody has ordered it. */
  #failed(zoneId: number, error: string, isDry: boolean, module?: string): void {
    this.#reads(zoneId);
    const undo = module === undefined ? this.#undos.get(zoneId) : undefined;
    if (undo !== undefined) Object.assign(undo, { state: "failed", error });
    if (isDry) return;
    const { emitter, log, zones, deployer } = this.#options;
    const { tick } = zones.zones.get(zoneId) ?? { tick: 0 };
    const { from_hash = module ?? "", to_hash = "", by = "" } = undo ?? {};
    emitter.emit("error", "deploy", "Module not undone", { zone_id: zoneId, tick, from_hash, to_hash, error });
    log?.note({
      what: "not_undone",
      zoneId,
      from: from_hash,
      to: to_hash,
      label: deployer.labelOf(from_hash),
      reason: error,
      by,
    });
  }

  #interrupted(zoneId: number, why: string): void {
    const undo = this.#undos.get(zoneId);
    if (undo?.state === "ordered" || undo?.state === "running") this.#failed(zoneId, why, undo.dry_run);
  }

  async #ask(zoneId: number, order: UndoOrder | null): Promise<UndoLook> {
    return (await this.#options.zones.request(zoneId, { type: "undo", order })) as UndoLook;
  }

  #meant(zoneId: number): number[] {
    const known = [...this.#options.zones.zones.keys()];
    if (zoneId === 0) return known;
    if (known.includes(zoneId)) return [zoneId];
    throw new WowsimError("no_such_zone", `There is no zone ${zoneId}; choose from ${known.join(", ")}.`);
  }

  /** Whoever has no name yet is a player. */
  #named(report: UndoReport): UndoReport {
    const nameOf = (id: number, name: string): string => {
      if (name !== "") return name;
      return id === 0 ? "nobody" : (this.#options.players.nameOf(id) ?? `player ${id}`);
    };
    const entity = <Entity extends UndoneEntity>(each: Entity): Entity => ({
      ...each,
      name: nameOf(each.entity_id, each.name),
    });
    const event = (each: UndoneEvent): UndoneEvent => ({
      ...each,
      source: nameOf(each.source_id, each.source),
      target: nameOf(each.target_id, each.target),
    });
    return {
      ...report,
      players: report.players.map(entity),
      creatures: report.creatures.map(entity),
      leavers: report.leavers.map(entity),
      untold: report.untold.map(event),
      unseen: report.unseen.map(event),
    };
  }
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Without a word about which module: the one that was swapped in last, in all zones that have it. What is in memory is newer than the rest. */
function newestOf(looks: readonly Seen[]): Seen[] {
  const open = looks.filter((look) => look.open !== null);
  const inMemory = open.filter(({ reading }) => reading === null);
  const [newest] = open.toSorted((one, other) => other.sinceMs - one.sinceMs);
  const modules = (inMemory.length > 0 || newest === undefined ? inMemory : [newest]).map((look) => look.open?.module);
  return looks.map((look) => {
    if (look.open === null || modules.includes(look.open.module)) return look;
    return {
      ...look,
      open: null,
      why: `module ${look.open.module} is older than ${modules.join(", ")}; name it with its hash`,
    };
  });
}
