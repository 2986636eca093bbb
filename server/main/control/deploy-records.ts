// The records of deploys (server/protocol/deploy-record.ts): in memory what lists need and the newest ones whole, on the disk all
// that is kept.
//
//   const records = await DeployRecords.open({ folder: ".wowsim/deploys", ... })
//   const deploy = records.begin({ hash, label, ... })        // 7
//   records.stage(deploy, { stage: "validate", ok: true, ... })
//   records.end(deploy, "promoted", "all checks hold")
//   await records.show(7)
//
// Callers never wait for the disk. A record without an end, of a server that was killed, is ended when the folder is opened.

import { z } from "zod";
import { assert } from "../../protocol/assert.ts";
import {
  DEPLOY_OUTCOMES,
  DeployRecord,
  DeployStage,
  DeploySummary,
  RECORD_LIMITS,
} from "../../protocol/deploy-record.ts";
import type { DeployOutcome } from "../../protocol/deploy-record.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import { printable, printableJson } from "../../protocol/printable.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { DEPLOY_FILES_MAX, DeployFiles, numbersIn, readEnds, readLines } from "../../store/deploy-files.ts";

const Begun = DeployRecord.omit({
  ended_at: true,
  outcome: true,
  reason: true,
  stages: true,
  stage: true,
  lost_stages: true,
});
const Ended = z.object({
  line: z.literal("ended"),
  ended_at: z.string(),
  outcome: z.enum(DEPLOY_OUTCOMES),
  reason: z.string(),
  lost_stages: z.number().default(0),
});
const BegunLine = Begun.extend({ line: z.literal("begun") });
const StageLine = DeployStage.extend({ line: z.literal("stage") });

type Head = z.infer<typeof Begun>;
type End = Pick<DeployRecord, "outcome" | "reason"> & { ended_at: string | null };

export type NewDeploy = Omit<Head, "deploy" | "started_at">;
export type ToldStage = Omit<DeployStage, "at">;

export interface DeployRecordsOptions {
  folder: string;
  emitter: Emitter;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** What each zone runs at the start, by hash: a deploy without an end may have been promoted. */
  running: readonly string[];
}

/** Whole records in memory: those that a disk that refuses writes may not have. */
const WHOLE_MAX = 4;
/** Why a deploy ended that was under way when its server did. */
export const REASON_ENDED = "the server ended";

interface Whole {
  record: DeployRecord;
  /** Of the JSON of its stages' data. */
  dataBytes: number;
}

export class DeployRecords {
  /** Files of which not even the first line can be read. */
  readonly damaged: number;
  /** Why the records of earlier servers are unknown here, and what follows from that; null: they were read. */
  readonly problem: string | null;
  readonly #options: DeployRecordsOptions;
  readonly #files: DeployFiles;
  readonly #summaries: Map<number, DeploySummary>;
  readonly #whole = new Map<number, Whole>();
  #last: number;

  /** Never throws: what can not be read or written is reported. */
  static async open(options: DeployRecordsOptions): Promise<DeployRecords> {
    const { folder, emitter } = options;
    const found: FoundRecords = await readFolder(folder).catch((error: unknown) => {
      const problem = unreadText(folder, messageOf(error));
      emitter.emit("error", "deploy", "Deploy record not kept", { folder, error: problem });
      return { summaries: new Map<number, DeploySummary>(), last: 0, damaged: [], problem };
    });
    const { damaged } = found;
    if (damaged.length > 0) emitter.emit("error", "deploy", "Deploy records damaged", { folder, deploys: damaged });
    const records = new DeployRecords(options, found);
    for (const summary of found.summaries.values()) if (summary.outcome === null) records.#endAtStart(summary);
    return records;
  }

  private constructor(options: DeployRecordsOptions, { summaries, last, damaged, problem }: FoundRecords) {
    const { folder, emitter, now } = options;
    this.#options = options;
    this.#summaries = summaries;
    this.#last = last;
    this.damaged = damaged.length;
    this.problem = problem;
    this.#files = new DeployFiles({
      folder,
      now,
      onState: (failing) => {
        if (failing === null) emitter.emit("event", "deploy", "Deploy record kept again", { folder });
        else emitter.emit("error", "deploy", "Deploy record not kept", { folder, error: failing });
      },
    });
  }

  /** The newest deploys, oldest first. */
  summaries(limit = DEPLOY_FILES_MAX): DeploySummary[] {
    return [...this.#summaries.values()].slice(-limit);
  }

  /** Undefined: it is unknown here. */
  summary(deploy: number): DeploySummary | undefined {
    return this.#summaries.get(deploy);
  }

  /** The number of the newest deploy; 0: there was none. */
  get last(): number {
    return this.#last;
  }

  /** Its number. */
  begin(wish: NewDeploy): number {
    const deploy = ++this.#last;
    const head: Head = { deploy, ...wish, started_at: this.#timestamp() };
    const record: DeployRecord = { ...head, ended_at: null, outcome: null, reason: "", stages: [], lost_stages: 0 };
    this.#whole.set(deploy, { record, dataBytes: 0 });
    this.#summaries.set(deploy, DeploySummary.parse(record));
    for (const old of this.#whole.keys()) if (old <= deploy - WHOLE_MAX) this.#whole.delete(old);
    for (const old of this.#summaries.keys()) if (old <= deploy - DEPLOY_FILES_MAX) this.#summaries.delete(old);
    this.#files.append(deploy, JSON.stringify({ v: 1, line: "begun", ...head }));
    this.#prune();
    return deploy;
  }

  /** Adds a stage to a deploy that is under way. What is too large is cut or left out. */
  stage(deploy: number, told: ToldStage): void {
    const whole = this.#open(deploy);
    const { record } = whole;
    if (record.stages.length >= RECORD_LIMITS.stagesMax) {
      record.lost_stages++;
      return;
    }
    const { stage, data } = this.#fitting(told, RECORD_LIMITS.allDataBytesMax - whole.dataBytes);
    record.stages.push({ ...stage, data: data.value });
    whole.dataBytes += data.bytes;
    // Large data is turned into text once.
    const head = JSON.stringify({ v: 1, line: "stage", ...stage });
    if (!this.#files.append(deploy, `${head.slice(0, -1)},"data":${data.json}}`)) record.lost_stages++;
  }

  end(deploy: number, outcome: DeployOutcome, reason: string): void {
    const { record } = this.#open(deploy);
    const told = printable(reason.slice(0, RECORD_LIMITS.textLengthMax));
    this.#ends(deploy, { outcome, reason: told, ended_at: this.#timestamp() }, record.lost_stages);
  }

  /** Throws WowsimError: no_such_deploy, record_damaged. */
  async show(deploy: number): Promise<DeployRecord> {
    const whole = this.#whole.get(deploy);
    if (whole !== undefined) return whole.record;
    const summary = this.#summaries.get(deploy);
    if (summary === undefined) throw this.#unknown(deploy);
    const { folder } = this.#options;
    try {
      return recordOf(await readLines(folder, deploy), summary);
    } catch (cause) {
      if (cause instanceof WowsimError) throw cause;
      const message = `The record of deploy ${deploy} can not be read (${messageOf(cause)}); it is in ${folder}.`;
      throw new WowsimError("record_damaged", message, { cause });
    }
  }

  #unknown(deploy: number): WowsimError {
    const kept = this.#summaries.size === 0 ? "there was none yet" : `the newest is ${this.#last}`;
    return new WowsimError("no_such_deploy", `There is no record of a deploy ${deploy}; ${kept}.`);
  }

  /** Tries once more to write what waits. */
  async close(): Promise<void> {
    await this.#files.close();
  }

  #open(deploy: number): Whole {
    const whole = this.#whole.get(deploy);
    assert(whole !== undefined && whole.record.outcome === null, "the deploy is under way");
    return whole;
  }

  #ends(deploy: number, end: End, lost: number): void {
    const summary = this.#summaries.get(deploy);
    assert(summary !== undefined, "a deploy that ends has a summary");
    Object.assign(summary, end);
    const whole = this.#whole.get(deploy);
    if (whole !== undefined) Object.assign(whole.record, end);
    this.#files.append(deploy, JSON.stringify({ v: 1, line: "ended", ...end, lost_stages: lost }));
  }

  /** A server ended in the middle of this one. What was on trial is gone, what every zone had been asked to keep may have stayed. */
  #endAtStart(summary: DeploySummary): void {
    const { running, emitter } = this.#options;
    const { deploy, hash } = summary;
    const kept = running.filter((each) => each === hash).length;
    const isWhole = kept > 0 && kept === running.length;
    const outcome = isWhole ? "promoted" : "rolled_back";
    const rest = isWhole ? ", and every zone had kept it" : kept === 0 ? "" : `, and ${kept} zones had kept it already`;
    const reason = `${REASON_ENDED}${rest}`;
    this.#ends(deploy, { outcome, reason, ended_at: this.#timestamp() }, 0);
    emitter.emit("event", "deploy", "Deploy ended", { deploy, hash, label: summary.label, outcome, reason, by: "" });
  }

  #fitting(told: ToldStage, bytesLeft: number): { stage: Omit<DeployStage, "data">; data: FittingData } {
    const { textLengthMax, dataBytesMax, stageNameLengthMax } = RECORD_LIMITS;
    const { stage, ok, text, took_ms } = told;
    const kept = {
      stage: printable(stage.slice(0, stageNameLengthMax)),
      ok,
      text: printable(text.slice(0, textLengthMax)),
      took_ms,
      at: this.#timestamp(),
    };
    return { stage: kept, data: fittingData(told.data, Math.min(dataBytesMax, bytesLeft)) };
  }

  #prune(): void {
    const { folder, emitter } = this.#options;
    this.#files.prune().catch((error: unknown) => {
      emitter.emit("error", "deploy", "Deploy record not removed", { folder, error: messageOf(error) });
    });
  }

  #timestamp(): string {
    return new Date(this.#options.clock()).toISOString();
  }
}

const bytesOf = (data: unknown): number => Buffer.byteLength(JSON.stringify(data));

interface FittingData {
  value: Record<string, unknown>;
  json: string;
  bytes: number;
}

function fittingData(told: Record<string, unknown>, bytesMax: number): FittingData {
  const text = JSON.stringify(told);
  const bytes = Buffer.byteLength(text);
  const value = bytes > bytesMax ? { omitted_bytes: bytes } : printableJson(told, text);
  if (value === told) return { value, json: text, bytes };
  const json = JSON.stringify(value);
  return { value, json, bytes: Buffer.byteLength(json) };
}

interface FoundRecords {
  summaries: Map<number, DeploySummary>;
  last: number;
  /** Numbers of those of which nothing is known. */
  damaged: number[];
  problem: string | null;
}

const unreadText = (folder: string, why: string): string =>
  `The records of earlier deploys can not be read (${why}), so deploys are counted from 1 again, and numbers may come twice. ` +
  `Mend ${folder} and start the server again before anybody deploys.`;

async function readFolder(folder: string): Promise<FoundRecords> {
  const numbers = await numbersIn(folder);
  const summaries = new Map<number, DeploySummary>();
  const damaged: number[] = [];
  for (const deploy of numbers.slice(-DEPLOY_FILES_MAX)) {
    const summary = await summaryOf(folder, deploy).catch(() => null);
    if (summary === null) damaged.push(deploy);
    else summaries.set(deploy, summary);
  }
  return { summaries, last: numbers.at(-1) ?? 0, damaged, problem: null };
}

/** Null when its first line is damaged: then nothing is known of it. */
async function summaryOf(folder: string, deploy: number): Promise<DeploySummary | null> {
  const { first, last } = await readEnds(folder, deploy);
  const begun = BegunLine.safeParse(first).data;
  if (begun?.deploy !== deploy) return null;
  const ended = last.map((line) => Ended.safeParse(line).data).find((line) => line !== undefined);
  return DeploySummary.parse({ ...begun, ...(ended ?? { ended_at: null, outcome: null, reason: "" }) });
}

/** The record from the lines of its file; lines that can not be read are counted. */
function recordOf(lines: readonly unknown[], summary: DeploySummary): DeployRecord {
  const begun = BegunLine.safeParse(lines[0]).data;
  if (begun === undefined)
    throw new WowsimError("record_damaged", `The first line of the record of deploy ${summary.deploy} is damaged.`);
  const record: DeployRecord = { ...Begun.parse(begun), ...summary, stages: [], lost_stages: 0 };
  let bytes = 0;
  for (const line of lines.slice(1)) {
    const stage = StageLine.safeParse(line).data;
    const ended = Ended.safeParse(line).data;
    bytes += stage === undefined ? 0 : bytesOf(stage.data);
    const isFull = record.stages.length >= RECORD_LIMITS.stagesMax || bytes > 2 * RECORD_LIMITS.allDataBytesMax;
    if (ended !== undefined) record.lost_stages += ended.lost_stages;
    else if (stage === undefined || isFull) record.lost_stages++;
    else record.stages.push(DeployStage.parse(stage));
  }
  return record;
}
