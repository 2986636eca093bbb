// Damages the files of a journal as disks, people and backups do: one act, drawn from a seed.
//
//   damageJournal(folder, { kind: "flipped bit", file: "world.sqlite-wal" }, { random, other, earlier })
//   // "flipped bit 3 of byte 71203 of world.sqlite-wal"

import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export const JOURNAL_FILES = ["world.sqlite", "world.sqlite-wal", "world.witness"] as const;
export type JournalFile = (typeof JOURNAL_FILES)[number];

export const DAMAGE_KINDS = [
  "flipped bit",
  "flipped byte",
  "cut",
  "missing",
  "zero-filled block",
  "swapped pages",
  "page of an earlier time",
  "file of an earlier time",
  "file of another world",
] as const;
export type DamageKind = (typeof DAMAGE_KINDS)[number];

export interface Damage {
  kind: DamageKind;
  file: JournalFile;
}

export interface DamageSources {
  /** Numbers in [0, 1). */
  random: () => number;
  /** Folder with the journal of another world. */
  other: string;
  /** Folder with this journal as it was earlier. */
  earlier: string;
}

const PAGE_BYTES = 4_096;
const BLOCK_BYTES_MAX = 16_384;

/** All kinds of damage to all files. */
export const ALL_DAMAGE: readonly Damage[] = DAMAGE_KINDS.flatMap((kind) =>
  JOURNAL_FILES.map((file) => ({ kind, file })),
);

/** Damages a file, and says how. A file that is not there stays away. */
export function damageJournal(
  folder: string,
  { kind, file }: Damage,
  { random, other, earlier }: DamageSources,
): string {
  const path = join(folder, file);
  if (!existsSync(path)) return `no ${file} to damage`;
  const bytes = readFileSync(path);
  const below = (limit: number): number => Math.floor(random() * limit);
  const place = below(bytes.length);
  const pages = Math.max(1, Math.floor(bytes.length / PAGE_BYTES));
  const [one, two] = [below(pages) * PAGE_BYTES, below(pages) * PAGE_BYTES];
  switch (kind) {
    case "flipped bit":
    case "flipped byte": {
      const mask = kind === "flipped bit" ? 1 << below(8) : 1 + below(255);
      bytes[place] = (bytes[place] ?? 0) ^ mask;
      writeFileSync(path, bytes);
      return `byte ${place} of ${file} changed by ${mask}`;
    }
    case "cut": {
      const descriptor = openSync(path, "r+");
      ftruncateSync(descriptor, place);
      closeSync(descriptor);
      return `${file} cut to ${place} bytes`;
    }
    case "missing":
      rmSync(path);
      return `${file} removed`;
    case "zero-filled block": {
      const length = 1 + below(BLOCK_BYTES_MAX);
      writeFileSync(path, bytes.fill(0, place, Math.min(bytes.length, place + length)));
      return `${length} bytes of ${file} from ${place} on are zero`;
    }
    case "swapped pages": {
      const first = Buffer.from(bytes.subarray(one, one + PAGE_BYTES));
      bytes.copyWithin(one, two, two + PAGE_BYTES);
      bytes.set(first.subarray(0, bytes.length - two), two);
      writeFileSync(path, bytes);
      return `pages ${one / PAGE_BYTES} and ${two / PAGE_BYTES} of ${file} swapped`;
    }
    case "page of an earlier time": {
      if (!existsSync(join(earlier, file))) return `${file} was not there earlier`;
      const old = readFileSync(join(earlier, file));
      bytes.set(old.subarray(one, Math.min(one + PAGE_BYTES, bytes.length)), one);
      writeFileSync(path, bytes);
      return `page ${one / PAGE_BYTES} of ${file} is an earlier one`;
    }
    case "file of an earlier time":
    case "file of another world": {
      const source = join(kind === "file of another world" ? other : earlier, file);
      if (!existsSync(source)) return `there is no other ${file}`;
      copyFileSync(source, path);
      return `${file} is a ${kind}`;
    }
  }
}
