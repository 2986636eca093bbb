// What the tools of a journal say: wowsim store status, verify, compact and export. The main program passes the functions in,
// since tools do not import the server. All times are milliseconds since 1970.

/** How much history a server keeps when nothing else is said. */
export const JOURNAL_AGE_MS = 24 * 3_600_000;
export const JOURNAL_BYTES_MAX = 2_048 * 2 ** 20;

export interface ZoneStatus {
  zone: number;
  epoch: number;
  /** The newest tick. */
  tick: number;
  newestAt: number | null;
  oldestTick: number | null;
  oldestAt: number | null;
  ticks: number;
  snapshots: number;
}

export interface StoreStatus {
  format: number;
  /** 8 hexadecimal digits: files with the same number belong together. */
  world: string;
  /** Bytes on disk by file name; only files that are there. */
  files: Record<string, number>;
  /** Bytes of pages in use; the rest of world.sqlite is free for new rows. */
  bytesUsed: number | null;
  /** What the server that wrote last was told; null when it is not known. */
  durability: string | null;
  lsn: number | null;
  zones: ZoneStatus[];
  modules: { hash: string; label: string }[];
  facts: Record<string, number>;
  events: Record<string, number>;
  /** Times without durability that are on record. */
  gaps: { at: number; zone: number; tick: number; json: string }[];
  /** What is damaged or missing, as far as a quick look can tell. */
  problems: string[];
}

export interface ZoneVerdict {
  zone: number;
  ticks: number;
  snapshots: number;
  /** Where a start would go on; null when nothing of the zone can be used. */
  tick: number | null;
  /** Ticks that a start would lose. */
  lostTicks: number;
}

export interface StoreVerdict {
  isGood: boolean;
  rows: number;
  bytes: number;
  zones: ZoneVerdict[];
  /** One sentence each, at most `PROBLEMS_MAX`. */
  problems: string[];
  /** Problems beyond these. */
  moreProblems: number;
}

export const PROBLEMS_MAX = 100;

export interface Compaction {
  bytesBefore: number;
  bytesAfter: number;
  /** Rows that retention deleted. */
  deleted: Record<string, number>;
}

export interface ExportWish {
  zone: number;
  /** First and last tick; or the last milliseconds. */
  span: { from: number; to: number } | { lastMs: number };
  /** Default: the zone's number and last tick, in the current folder. */
  out?: string | undefined;
}

export interface Export {
  file: string;
  bytes: number;
  zone: number;
  /** The tick of the snapshot that it begins with. */
  snapshotTick: number;
  firstTick: number;
  lastTick: number;
  ticks: number;
  snapshots: number;
  events: number;
  modules: number;
  /** What could not be taken along. */
  problems: string[];
}

/** Called with a share from 0 to 1, and what is being done. */
export type OnProgress = (share: number, text: string) => void;

/** All throw WowsimError: "no_journal" when there is none, "journal_unreadable" and others when it can not be used at all. */
export interface StoreTools {
  status(dataDir: string): Promise<StoreStatus>;
  verify(dataDir: string, onProgress: OnProgress): Promise<StoreVerdict>;
  /** Throws WowsimError("data_dir_in_use") while a server has the folder, "journal_damaged" when the journal is not sound. */
  compact(
    dataDir: string,
    limits: { ageMs?: number | undefined; bytesMax?: number | undefined },
    onProgress: OnProgress,
  ): Promise<Compaction>;
  /** Throws WowsimError("no_such_ticks" | "file_exists" | "recording_too_large"). */
  export(dataDir: string, wish: ExportWish): Promise<Export>;
}
