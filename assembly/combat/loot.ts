// Loot: what a killed creature gives to the players on its threat table, who also share its experience. Its gold is split in equal
// parts; each item goes to one of them, by chance. What a bag has no room for is never created.
//
//   a boar with gold 10 to 20 and tusks (30 %, up to 2), killed by 7 and 9:
//   15 gold are drawn: 7 gold each, the rest is not created; then 2 tusks for 9, as item 4
//     EVENT_LOOT 7: 7, holds 120     EVENT_LOOT 9: 7, holds 31     EVENT_LOOT 9: 4 << 24 | 2, holds 5

import { DROP_COUNT_MAX, EVENT_LOOT, ITEM_GOLD, LOOT_NO_ROOM, LOOT_TAKEN, STACK_COUNT_MASK } from "../abi";
import { Changed } from "../state/changes";
import { emit } from "../state/events";
import { TEMPLATE_DROPS, TEMPLATE_GOLD_MAX, TEMPLATE_GOLD_MIN } from "../memory/memory";
import { randomBelow, randomBetween } from "../state/random";
import { Template } from "../state/content-tables";
import { countCreated } from "../items/ledger";
import { Bag, Stack, give, heldOf } from "../items/stacks";
import { threatCount, threatPlayer } from "./threat";

/** All of the drops' chances, in hundredths of a percent. */
const ALWAYS: u32 = 10000;

/** Called when a creature was killed, while its threat table still says by whom. */
export function shareLoot(creature: u32): void {
  const count = threatCount(creature);
  if (count == 0) return;
  shareGold(creature, count);
  for (let index: u32 = 0; index < <u32>DROP_COUNT_MAX; index++) {
    const drop = Template.u32(creature, TEMPLATE_DROPS + index * 4);
    if (drop == 0) return;
    if (randomBelow(ALWAYS) >= (drop & 0xffff)) continue;
    const pieces = randomBetween(1, (drop >> 16) & 0xff);
    takeLoot(threatPlayer(creature, randomBelow(count)), creature, Stack.of(drop >> 24, pieces));
  }
}

function shareGold(creature: u32, count: u32): void {
  const most = Template.u32(creature, TEMPLATE_GOLD_MAX);
  if (most == 0) return;
  const share = min<u32>(randomBetween(Template.u32(creature, TEMPLATE_GOLD_MIN), most) / count, STACK_COUNT_MASK);
  if (share == 0) return;
  for (let slot: u32 = 0; slot < count; slot++)
    takeLoot(threatPlayer(creature, slot), creature, Stack.of(ITEM_GOLD, share));
}

function takeLoot(player: u32, creature: u32, stack: u32): void {
  const bag = Bag.of(player);
  const taken = give(bag, stack);
  if (taken) {
    countCreated(stack);
    Changed.stacks(player);
  }
  emit(EVENT_LOOT, taken ? LOOT_TAKEN : LOOT_NO_ROOM, player, creature, stack, heldOf(bag, Stack.kind(stack)), 0, 0, 0);
}
