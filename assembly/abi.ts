// The contract between a kernel and its host: the forms of the records that cross the border of the linear memory. Both sides read this
// file, which is AssemblyScript and TypeScript at once: constants without types. Addresses are not here: each kernel exports its own
// (memory.ts). Records are little-endian and 4-byte aligned; offsets are bytes from the record's start.

/** Raised when a record or an opcode changes its meaning; part of the border (toolchain/layout-areas.ts). */
export const ABI_VERSION = 2;

/** Value of a kernel's TYPE_<column>, for a column or a header value that is not u32 (memory/). */
export const TYPE_F32 = 1;
export const TYPE_U64 = 2;

// ---- Commands: host to kernel, 32 bytes each, sorted by session, then by sequence number --------------------------
//
//    0      2       4         8     12      16     20     24     28     32
//    | op   | flags | session | seq | a     | b/x  | c/y  | d/z  | e    |
//      u16    u16     u32       u32   u32     u32    u32    u32    u32      (x, y, z: f32, yards)

export const COMMAND_BYTES = 32;
export const COMMAND_OP = 0;
export const COMMAND_FLAGS = 2;
export const COMMAND_SESSION = 4;
export const COMMAND_SEQ = 8;
export const COMMAND_A = 12;
export const COMMAND_B = 16;
export const COMMAND_C = 20;
export const COMMAND_D = 24;
export const COMMAND_E = 28;

/** A player enters: session is its entity id; x, y, z where; e = class | level << 8. flags: JOIN_WATCHES. */
export const OP_JOIN = 1;
/** A player leaves the zone and is forgotten. flags: LEAVE_RECORDS. */
export const OP_LEAVE = 2;
/** The player wants to stand at x, y, z. If its speed does not allow that, it walks there, and this is counted as corrected. */
export const OP_MOVE = 3;
/** a = target entity or 0; b = spell id; c = cast time in ticks, honoured for an unknown spell only. */
export const OP_CAST = 4;
/** Cancel the session's own cast. */
export const OP_CANCEL_CAST = 5;
/** Attack a = target; b = upper bound of base damage, 0 = none; c = DAMAGE_PHYSICAL or DAMAGE_MAGICAL. */
export const OP_ATTACK = 6;
export const OP_STOP_ATTACK = 7;
/** The dead player gives up its body: alive at the spawn point, or a ghost there. flags: RELEASE_AS_GHOST. */
export const OP_RELEASE = 8;
/** From now on the session gets frames; the first one begins with RECORD_RESET and has the full state. flags: WATCH_IS_SLOW. */
export const OP_WATCH = 9;
/** The session gets no more frames (link lost); its entity stays. */
export const OP_UNWATCH = 10;
/** The ghost, near its body, asks to live again at the body. */
export const OP_RECLAIM = 11;
/** Offers player a the stacks b and c for d and e (STACK_*; 0 = none). Replaces the session's earlier offer. */
export const OP_TRADE_OFFER = 12;
/** Accepts the trade that player a offers to the session; b = the offer's number, so that only this very offer is accepted. */
export const OP_TRADE_ACCEPT = 13;
/** Ends the offer with number b: the session's own with a = 0, otherwise the one that player a made to the session. */
export const OP_TRADE_CANCEL = 14;

/** Host only. A creature appears: a = entity id; x, y, z; e = creature template index. flags: SPAWN_PHANTOM. */
export const OP_SPAWN = 64;
/** Host only. Entity a is taken out of the zone. */
export const OP_DESPAWN = 65;
/** Host only. Entity a is put at x, y, z at once, no speed check. */
export const OP_PLACE = 66;
/** Host only, injected by faults. Like OP_MOVE, for entity a, and without effect on its cast. */
export const OP_NUDGE = 67;
/** Host only. Player a leaves for another zone; its state goes to the departure area (transfer.ts). */
export const OP_DEPART = 68;
/** Host only. Four words, b to e, of the state that the next OP_ARRIVE of this tick brings; a = index of the first word. */
export const OP_CARRY = 69;
/** Host only. The session's player enters at x, y, z with the state of the OP_CARRYs before it. flags: JOIN_*. */
export const OP_ARRIVE = 70;
/**
 * Host only. What the zone leaves out from this tick on, because it is overloaded (overload.ts): flags = the host's step |
 * level << 8; a = ticks between two states of a far entity | ticks between two decisions of a creature << 8 | entities in
 * sight at most << 16; b = yards of sight (f32); c = game time's rate (f32), 1 = as fast as the clock.
 */
export const OP_SET_OVERLOAD = 71;
/** Host only, injected by faults. Traps (unreachable) while it is being handled. */
export const OP_TRAP = 96;
/** Host only, injected by faults. Never ends: burns all fuel while it is being handled. */
export const OP_SPIN = 97;

/** A stack is one word: the item's kind in the high 8 bits, the number of pieces in the low 24; 0 = no stack. */
export const STACK_KIND_SHIFT = 24;
export const STACK_COUNT_MASK = 0xffffff;
/** The kind of gold: a stack of it is the number of coins. */
export const ITEM_GOLD = 0;

/** Maximum lengths of a player's lists; each list travels from zone to zone. */
export const SCHOOL_COUNT = 8;
export const COOLDOWN_COUNT_MAX = 24;
export const DIMINISHED_COUNT = 3;
/** Kinds of items, gold included. */
export const ITEM_COUNT_MAX = 64;
/** Stacks that a player holds: gold in the first place, then one kind of item in each place. */
export const STACK_COUNT_MAX = 9;
/** Stacks on each side of a trade. */
export const TRADE_STACKS = 2;
/** Kinds of items that a creature can drop beside gold. */
export const DROP_COUNT_MAX = 4;
/** Auras of an entity; one RECORD_AURAS has all of them. */
export const AURA_COUNT_MAX = 8;

/** Number of a player's columns that travel unchanged, and of those that travel as a distance from the current tick. */
export const TRANSFER_VALUES = 10;
export const TRANSFER_TICKS = 6;
/**
 * Words of the state that a player takes along from zone to zone: class and level, the columns, and each list; lists of variable
 * length have their length before them. transfer.ts walks them, and traps when it counts another number.
 */
export const TRANSFER_WALKED =
  2 +
  TRANSFER_VALUES +
  TRANSFER_TICKS +
  SCHOOL_COUNT +
  DIMINISHED_COUNT * 2 +
  (1 + COOLDOWN_COUNT_MAX * 2) +
  (1 + AURA_COUNT_MAX * 4) +
  STACK_COUNT_MAX;
/** Words reserved for them: a multiple of the four words of an OP_CARRY. */
export const TRANSFER_WORDS = ((TRANSFER_WALKED + 3) >> 2) << 2;
/** Words of a departure: the player's entity id, where it stood (x, y, z: f32), its state. */
export const DEPARTURE_WORDS = 4 + TRANSFER_WORDS;
/** Index of the word with the player's level, with its health, with its points of experience. */
export const TRANSFER_LEVEL = 1;
export const TRANSFER_HEALTH = 2;
export const TRANSFER_EXPERIENCE = 5;
/** Index of the word with the sequence number of the player's newest command that the zone has handled. */
export const TRANSFER_ACK = 4;

/** OP_JOIN: the session gets frames. */
export const JOIN_WATCHES = 1;
/** OP_JOIN: a guest: revived automatically at the spawn point, because it can not ask for it. */
export const JOIN_GUEST = 2;
/** OP_LEAVE: the player's state goes to the departure area, as with OP_DEPART. A dead player is revived at the spawn point first. */
export const LEAVE_RECORDS = 1;
/** OP_RELEASE: as a ghost, which has to walk to its body. */
export const RELEASE_AS_GHOST = 1;
/** OP_WATCH: the session's reader was behind. */
export const WATCH_IS_SLOW = 1;
/** OP_SPAWN: does not fight, does not respawn, is not a target. */
export const SPAWN_PHANTOM = 1;

export const DAMAGE_PHYSICAL = 0;
export const DAMAGE_MAGICAL = 1;
// The info of EVENT_DAMAGE: bit 0 is one of the two above; these bits may be added.
/** Damage from an aura. */
export const DAMAGE_PERIODIC = 2;
/** At most one of the following four. */
export const DAMAGE_CRITICAL = 16;
export const DAMAGE_GLANCING = 32;
export const DAMAGE_CRUSHING = 48;
export const DAMAGE_BLOCKED = 64;
/** The bits of those four. */
export const DAMAGE_LANDS_MASK = 240;

// ---- Frames: kernel to session ------------------------------------------------------------------------------------
//
// One frame for each watching session and tick with a change: a header, then records.
//
//    0           4         8      12    16
//    | byteLength | session | tick | ack | records...      byteLength counts the whole frame; ack is the session's
//      u32          u32       u32    u32                    highest command sequence number applied so far
//
// A record: u8 kind, u8 length in words of 4 bytes (including this header), u16 info, then the fields of its kind.

export const FRAME_HEADER_BYTES = 16;
/** Bytes of the longest frame, and some more for copying in whole words. */
export const FRAME_LENGTH_MAX = 14848;
export const FRAME_LENGTH = 0;
export const FRAME_SESSION = 4;
export const FRAME_TICK = 8;
export const FRAME_ACK = 12;

/** The receiver forgets everything: a full state follows. */
export const RECORD_RESET = 1;
/** The session's own numbers: health, maxHealth, power, maxPower, target id, cast spell id, cast end tick, gcd end tick (u32). */
export const RECORD_SELF = 2;
/** info = template; entity id, x, y, z (f32), health, maxHealth, target id, level | flags << 8 (u32). */
export const RECORD_ENTER = 3;
/** info = mask of CHANGE_*; entity id; then the fields of the mask, in bit order. */
export const RECORD_CHANGE = 4;
/** Entity id. */
export const RECORD_LEAVE = 5;
/** info = event kind | the event's own info << 8; then the event record from EVENT_SOURCE on (9 words). */
export const RECORD_EVENT = 6;
/** info = number of auras; entity id; then for each aura on it: spell id | stacks << 16, end tick, caster's entity id. */
export const RECORD_AURAS = 7;
/** info = the zone's overload level; rate of game time (f32), yards of sight (f32). After a reset without it: 0, 1, 100. */
export const RECORD_PACE = 8;
/** info = number of stacks; all stacks that the session's player holds, gold first if it has any. After a reset without it: none. */
export const RECORD_STACKS = 9;

/** x, y, z (f32). */
export const CHANGE_POSITION = 1;
/** health, maxHealth. */
export const CHANGE_HEALTH = 2;
/** level | flags << 8. */
export const CHANGE_FLAGS = 4;
/** target id. */
export const CHANGE_TARGET = 8;
/** cast spell id (0 = none), cast end tick. */
export const CHANGE_CAST = 16;

// Entity flags, as in RECORD_ENTER.
export const ENTITY_PLAYER = 1;
export const ENTITY_DEAD = 2;
export const ENTITY_IN_COMBAT = 4;
export const ENTITY_EVADING = 8;
export const ENTITY_PHANTOM = 16;
/** Dead, and walking as a ghost. */
export const ENTITY_GHOST = 32;

// Bits of the column PLAYER_FLAGS that the host reads; state/player-flags.ts has the others.
/** The session gets frames. */
export const PLAYER_WATCHES = 1;
/** The session's reader was behind: while the zone is overloaded, only the player's opponents count as near. */
export const PLAYER_SLOW = 32;

/** Value of the column CREATURE_STATE of a creature that is dead and invisible, until it respawns. */
export const CREATURE_STATE_GONE = 4;

// ---- Events: kernel to telemetry and to players who see them, 40 bytes each ----------------------------------------
//
//    0      2      4        8        12  16  20  24  28  32  36   40
//    | kind | info | source | target | a | b | c | d | e | f | g |

export const EVENT_BYTES = 40;
export const EVENT_KIND = 0;
export const EVENT_INFO = 2;
export const EVENT_SOURCE = 4;
export const EVENT_TARGET = 8;
export const EVENT_A = 12;

/** source, target; a = spell id, b = cast time in ticks. */
export const EVENT_CAST_STARTED = 1;
/** source, target; a = spell id, b = cast time in ticks. */
export const EVENT_CAST_COMPLETED = 2;
/** source, target; info = INTERRUPT_*; a = spell id, b = cast time in ticks. */
export const EVENT_CAST_INTERRUPTED = 3;
/** source; a = spell id, b = tick at which the global cooldown ends, c = this tick. */
export const EVENT_CAST_BLOCKED_GCD = 4;
/**
 * source, target; info = DAMAGE_* bits; a = base, b = actual, c = mitigated, d = target's health after, e = spell id or 0
 * for a swing, f = absorbed. a = b + c + f, except when b was raised to 1.
 */
export const EVENT_DAMAGE = 5;
/** source = killer, target. */
export const EVENT_KILLED = 6;
/** source; a, b, c = old x, y, z; d, e, f = new x, y, z (f32 bits). To telemetry only. */
export const EVENT_MOVED = 7;
/** source; info = REFUSED_*; a = opcode, b = sequence number, c = spell id or target. To its own session. */
export const EVENT_REFUSED = 8;
/** source is alive again, at its spawn point. */
export const EVENT_REVIVED = 9;
/** source, target; a = amount, b = target's health after, c = spell id. */
export const EVENT_HEALED = 10;
/** source, a creature, ends the fight and goes home. */
export const EVENT_EVADED = 11;
/** source, a creature, turns on target. */
export const EVENT_AGGRO = 12;
/** source's position was corrected; a, b, c = the position it has (f32 bits). To its own session. */
export const EVENT_CORRECTED = 13;

/** source, target; info = AURA_* kind; a = spell id, b = end tick, c = stacks, d = amount. */
export const EVENT_AURA_APPLIED = 14;
/** source is the aura's caster, target has lost it; info = AURA_ENDED_*; a = spell id. */
export const EVENT_AURA_ENDED = 15;
/** source's swing or spell does not hit target; info = AVOIDED_*; a = spell id or 0 for a swing. */
export const EVENT_AVOIDED = 16;

/** source, to its own session; a = points gained, b = points it has, c = points for the next level. */
export const EVENT_EXPERIENCE = 17;
/** source's level has changed; a = the new level. */
export const EVENT_LEVEL = 18;
/** source, to its own session, from target, a killed creature; info = LOOT_*; a = the stack, b = pieces of the kind it holds now. */
export const EVENT_LOOT = 19;
/**
 * source made the offer, target is its partner, to both of their sessions; info = TRADE_*; a = the offer's number, b and c = stacks
 * that source gives, d and e = stacks that source gets, f = the tick at which the offer ends.
 */
export const EVENT_TRADE = 20;

export const LOOT_TAKEN = 0;
/** The player has no room: the stack was not created. */
export const LOOT_NO_ROOM = 1;

export const TRADE_OFFERED = 1;
/** Both sides have changed. */
export const TRADE_DONE = 2;
/** The partner does not want it. */
export const TRADE_DECLINED = 3;
/** Its maker has taken it back, or made another offer. */
export const TRADE_CANCELLED = 4;
/** One of the two has died, or has left the zone. */
export const TRADE_ENDED_BY_DEATH = 5;
export const TRADE_ENDED_BY_LEAVING = 6;
/** Nobody accepted it in time. */
export const TRADE_EXPIRED = 7;

export const AURA_ENDED_IN_TIME = 0;
export const AURA_ENDED_USED_UP = 1;
export const AURA_ENDED_BY_DEATH = 2;
/** The target has no room for the aura, its caster is gone, or the target ended the fight. */
export const AURA_ENDED_REMOVED = 3;

export const AVOIDED_MISS = 1;
export const AVOIDED_DODGE = 2;
export const AVOIDED_PARRY = 3;
export const AVOIDED_RESIST = 4;
export const AVOIDED_IMMUNE = 5;
/** The target is a creature that evades: it is immune on its way home. */
export const AVOIDED_EVADE = 6;

export const INTERRUPT_BY_MOVEMENT = 1;
export const INTERRUPT_BY_REQUEST = 2;
export const INTERRUPT_BY_DEATH = 3;
export const INTERRUPT_BY_SPELL = 4;
export const INTERRUPT_TARGET_LOST = 5;

export const REFUSED_NO_SUCH_ENTITY = 1;
export const REFUSED_DEAD = 2;
export const REFUSED_TARGET_DEAD = 3;
export const REFUSED_OUT_OF_RANGE = 4;
export const REFUSED_ON_COOLDOWN = 5;
export const REFUSED_NO_POWER = 6;
export const REFUSED_CASTING = 7;
export const REFUSED_GCD = 8;
export const REFUSED_ZONE_FULL = 9;
export const REFUSED_BAD_COMMAND = 10;
export const REFUSED_INVALID_TARGET = 11;
export const REFUSED_NOT_FACING = 12;
export const REFUSED_LOCKED_OUT = 13;
export const REFUSED_STUNNED = 14;
export const REFUSED_MOVED = 15;
export const REFUSED_SILENCED = 16;
export const REFUSED_ROOTED = 17;
/** The spell is not in the book of the player's class. */
export const REFUSED_UNKNOWN_SPELL = 18;
/** The sequence number was used before. */
export const REFUSED_REPLAYED = 19;
/** The offer has ended, was changed, or is not for this player. */
export const REFUSED_NO_SUCH_OFFER = 20;
/** The player, or its partner, does not hold what it is to give. */
export const REFUSED_NOT_HELD = 21;
export const REFUSED_PARTNER_NOT_HELD = 22;
/** The player, or its partner, has no room for what it is to get. */
export const REFUSED_NO_ROOM = 23;
export const REFUSED_PARTNER_NO_ROOM = 24;
/** One past the last reason: the length of the counter array of refusals. */
export const REFUSED_COUNT = 25;

// ---- Counters: u32 each, of this tick only --------------------------------------------------------------------------

export const COUNTER_COMMANDS = 0;
export const COUNTER_ENTITIES_MOVED = 1;
export const COUNTER_CASTS_STARTED = 2;
export const COUNTER_CASTS_COMPLETED = 3;
export const COUNTER_CASTS_INTERRUPTED = 4;
export const COUNTER_GCD_BLOCKED = 5;
export const COUNTER_ATTACKS = 6;
export const COUNTER_DAMAGE = 7;
export const COUNTER_KILLS = 8;
export const COUNTER_HEALING = 9;
export const COUNTER_CORRECTED = 10;
export const COUNTER_REVIVED = 11;
export const COUNTER_FRAMES = 12;
/** Frames deferred to the next tick because the frame area was full. */
export const COUNTER_FRAMES_DEFERRED = 13;
/** Events not written because the event area was full. */
export const COUNTER_EVENTS_LOST = 14;
/** Live players, live creatures, watchers after this tick. */
export const COUNTER_PLAYERS = 15;
export const COUNTER_CREATURES = 16;
export const COUNTER_WATCHERS = 17;
/** Creatures with a player on their threat table. */
export const COUNTER_FIGHTING = 18;
/** Trades that changed both sides. */
export const COUNTER_TRADES = 19;
/** REFUSED_COUNT counters from here, one for each reason. */
export const COUNTER_REFUSED = 20;
export const COUNTERS = 48;

// ---- The note: what the kernel is processing; the host reads it after a trap -----------------------------------------

export const PHASE_IDLE = 0;
export const PHASE_COMMANDS = 1;
export const PHASE_MOVEMENT = 2;
export const PHASE_INTERRUPTS = 3;
export const PHASE_CASTS = 4;
export const PHASE_AURAS = 5;
export const PHASE_CAST_STARTS = 6;
export const PHASE_SWINGS = 7;
export const PHASE_CREATURES = 8;
export const PHASE_DEATHS = 9;
export const PHASE_REGENERATION = 10;
export const PHASE_VISIBILITY = 11;
export const PHASE_HASH = 12;
export const PHASE_TRADES = 13;
/** The value of the note's command index while no command is being handled. */
export const NO_COMMAND = 0x7fffffff;
