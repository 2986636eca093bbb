// How a character is kept: as a value of JSON, in a journal or in a bucket.
//
//   characterFact(ann, 12)                     // {"name":"Ann","secret_hash":"...","class":1,"record":null,"saves":1,"session":12}
//   parseCharacter("ann", json)                // { character: ann, session: 12 }

import { z } from "zod";
import type { Character } from "./character-store.ts";

const Kept = z.object({
  name: z.string(),
  secret_hash: z.string(),
  class: z.number().int().min(0),
  record: z
    .object({
      zone: z.number().int().min(0),
      at: z.object({ x: z.number(), y: z.number(), z: z.number() }),
      words: z.array(z.number().int().min(0).max(0xffff_ffff)),
    })
    .nullable(),
  saves: z.number().int().min(0),
  /** The session whose entity it is; 0 when it is not in the world. */
  session: z.number().int().min(0),
});

/** A character that an earlier server kept, and the session that had it; 0 when none had. */
export interface KeptCharacter {
  character: Character;
  session: number;
}

/** Null when the fact is not such a value. */
export function parseCharacter(key: string, json: string): KeptCharacter | null {
  try {
    const { name, secret_hash: secretHash, class: classIndex, record, saves, session } = Kept.parse(JSON.parse(json));
    const kept = record === null ? null : { zoneId: record.zone, at: record.at, words: Uint32Array.from(record.words) };
    return { character: { key, name, secretHash, classIndex, record: kept, saves }, session };
  } catch {
    // Whoever keeps it checks its bytes, so this is a value of another version.
    return null;
  }
}

/** The value that parseCharacter reads. `session`: whose entity it is; 0 when it is not in the world. */
export function characterFact(
  { name, secretHash, classIndex, record, saves }: Character,
  session: number,
): z.infer<typeof Kept> {
  return {
    name,
    secret_hash: secretHash,
    class: classIndex,
    record: record === null ? null : { zone: record.zoneId, at: record.at, words: [...record.words] },
    saves,
    session,
  };
}
