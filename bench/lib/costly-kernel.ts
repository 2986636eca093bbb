// A kernel that computes what the served one does and costs as much more as is asked for: in every tick it looks, for each
// entity, through what every watcher knows, as the candidate "regression" does for those that have changed; and that so
// many times over. Its cost grows with players and with what they see, as that of an honest mistake does, and is the same
// from tick to tick, so that it can be set. Eight slots a turn of the loop: fuel counts turns, and a tick that is merely slow
// must not run out of it.
//
//   const wasm = await buildCostlyKernel(40)      // unmetered, for deploy_load

import { WowsimError } from "../../server/protocol/errors.ts";
import { compileCached, sourceNamed } from "../../assembly/toolchain/build.ts";
import { candidateSources, readCandidate } from "../../assembly/toolchain/candidates.ts";

/** Of the candidate: what decides whether a record is made. */
const TEST = "U32.get(ENTITY_CHANGED, row) != now || watchersOf(row) == 0";
const COSTLY = "U32.get(ENTITY_ID, row) == 0 || watchersOften(row) == 0 || U32.get(ENTITY_CHANGED, row) != now";
const SLOTS_AT_ONCE = 8;

/** Throws WowsimError("kernel_source") when the candidate is another than it was. */
export async function buildCostlyKernel(times: number): Promise<Uint8Array> {
  const sources = await candidateSources(await readCandidate("regression"));
  const path = sourceNamed(sources, "deltas.ts");
  const deltas = sources.get(path) ?? "";
  if (!deltas.includes(TEST)) throw new WowsimError("kernel_source", `The candidate regression has no ${TEST}.`);
  const slots = Array.from(
    { length: SLOTS_AT_ONCE },
    (_, ahead) => `<u32>(U16.get(KNOWN_ROW, slot + ${ahead}) == row)`,
  );
  const often = `
function watchersOften(row: u32): u32 {
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  let watchers: u32 = 0;
  for (let turn: u32 = 0; turn < ${times}; turn++) {
    for (let player: u32 = 0; player < players; player++) {
      const end = player * KNOWN_MAX + U32.get(PLAYER_KNOWN_COUNT, player);
      for (let slot = player * KNOWN_MAX; slot < end; slot += ${SLOTS_AT_ONCE}) watchers += ${slots.join(" + ")};
    }
  }
  return watchers;
}
`;
  const costly = deltas.replace(TEST, COSTLY).replace("  ENTITY_SINCE,\n", "  ENTITY_ID,\n  ENTITY_SINCE,\n") + often;
  return await compileCached(sources.set(path, costly));
}
