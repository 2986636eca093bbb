// Phase: commands. Each record of the command area is checked. It either takes effect at once (joins and leaves) or
// leaves a request in the player's row for a later phase. A record with wrong content is refused and counted, and has no
// other effect; only OP_TRAP and OP_SPIN, which faults inject, break the tick.
//
//   MOVE session 12 -> DEST_X, DEST_Y, DEST_Z, MOVING of row 3; the movement phase walks it there

import {
  COMMAND_A,
  COMMAND_B,
  COMMAND_BYTES,
  COMMAND_C,
  COMMAND_D,
  COMMAND_E,
  COMMAND_FLAGS,
  COMMAND_OP,
  COMMAND_SEQ,
  COMMAND_SESSION,
  COUNTER_COMMANDS,
  DAMAGE_MAGICAL,
  DAMAGE_PHYSICAL,
  ENTITY_DEAD,
  ENTITY_GHOST,
  INTERRUPT_BY_REQUEST,
  LEAVE_RECORDS,
  OP_ARRIVE,
  OP_ATTACK,
  OP_CANCEL_CAST,
  OP_CARRY,
  OP_CAST,
  OP_DEPART,
  OP_DESPAWN,
  OP_JOIN,
  OP_LEAVE,
  OP_MOVE,
  OP_NUDGE,
  OP_PLACE,
  OP_RECLAIM,
  OP_RELEASE,
  OP_SET_OVERLOAD,
  OP_SPAWN,
  OP_SPIN,
  OP_STOP_ATTACK,
  OP_TRADE_ACCEPT,
  OP_TRADE_CANCEL,
  OP_TRADE_OFFER,
  OP_TRAP,
  OP_UNWATCH,
  OP_WATCH,
  PHASE_COMMANDS,
  REFUSED_BAD_COMMAND,
  REFUSED_DEAD,
  REFUSED_NO_SUCH_ENTITY,
  REFUSED_OUT_OF_RANGE,
  REFUSED_REPLAYED,
  REFUSED_ROOTED,
  REFUSED_STUNNED,
  REFUSED_ZONE_FULL,
  RELEASE_AS_GHOST,
  SPAWN_PHANTOM,
  WATCH_IS_SLOW,
} from "../abi";
import { join, remove, spawn, unwatch, watch } from "./arrivals";
import { castTicks } from "../spells/cast-costs";
import { requestCast } from "../spells/cast-requests";
import { Flag, setPosition, setTarget } from "../state/changes";
import { CONTROL_ROOTED, CONTROL_STUNNED, Control } from "../combat/control";
import { Cell, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { emitRefused, emitRefusedToSession } from "../state/events";
import { attackRefusal } from "../combat/hostility";
import { interruptCast } from "../combat/interrupts";
import { acceptTrade, cancelTrade, offerTrade } from "../items/trade";
import {
  CLASSES_MAX,
  COMMANDS_MAX,
  COMMAND_BASE,
  ENTITY_ATTACKING,
  ENTITY_MOVING,
  ENTITY_TARGET,
  HEADER_COMMAND_COUNT,
  PLAYERS_MAX,
  PLAYER_ACK,
  PLAYER_DAMAGE_BOUND,
  PLAYER_DAMAGE_TYPE,
  PLAYER_FLAGS,
  SPELL_CHANNEL_TICKS,
  TEMPLATES_MAX,
} from "../memory/memory";
import { tellCorrection } from "./movement";
import { Breadcrumb } from "../state/breadcrumb";
import { PLAYER_ACKED } from "../state/player-flags";
import { setOverload } from "../state/overload";
import { reclaimBody, releaseSpirit } from "./revival";
import { NO_ROW, rowOf } from "../state/entity-rows";
import { inMeleeRange, inWorld, isFinitePoint } from "../space/space";
import { Spell, spellOf } from "../state/content-tables";
import { arrive, bring, depart, leaveWithRecord } from "./transfer";
import { MOVING_NOT, requestMove, stopWalking } from "../space/walking";

/** Fields of the record at an address. */
class Command {
  @inline static op(at: usize): u32 {
    return load<u16>(at + COMMAND_OP);
  }
  @inline static flags(at: usize): u32 {
    return load<u16>(at + COMMAND_FLAGS);
  }
  @inline static session(at: usize): u32 {
    return load<u32>(at + COMMAND_SESSION);
  }
  @inline static seq(at: usize): u32 {
    return load<u32>(at + COMMAND_SEQ);
  }
  @inline static a(at: usize): u32 {
    return load<u32>(at + COMMAND_A);
  }
  @inline static b(at: usize): u32 {
    return load<u32>(at + COMMAND_B);
  }
  @inline static x(at: usize): f32 {
    return load<f32>(at + COMMAND_B);
  }
  @inline static y(at: usize): f32 {
    return load<f32>(at + COMMAND_C);
  }
  @inline static z(at: usize): f32 {
    return load<f32>(at + COMMAND_D);
  }
  @inline static e(at: usize): u32 {
    return load<u32>(at + COMMAND_E);
  }
  @inline static hasPoint(at: usize): bool {
    return isFinitePoint(Command.x(at), Command.y(at), Command.z(at));
  }
}

export function handleCommands(): void {
  Breadcrumb.phase(PHASE_COMMANDS);
  const count = min<u32>(Cell.get(HEADER_COMMAND_COUNT), COMMANDS_MAX);
  Counter.set(COUNTER_COMMANDS, count);
  for (let index: u32 = 0; index < count; index++) {
    const at: usize = COMMAND_BASE + index * COMMAND_BYTES;
    const op = Command.op(at);
    Breadcrumb.command(index, Command.session(at), Command.a(at), op == OP_CAST ? Command.b(at) : 0);
    if (op >= <u32>OP_SPAWN) handleHost(at, op);
    else if (op == OP_JOIN) handleJoin(at);
    else handlePlayer(at, op);
  }
}

function handlePlayer(at: usize, op: u32): void {
  const row = rowOf(Command.session(at));
  if (row >= PLAYERS_MAX) return refuse(at, NO_ROW, REFUSED_NO_SUCH_ENTITY);
  if (isReplayed(row, op, Command.seq(at))) return refuse(at, row, REFUSED_REPLAYED);
  acknowledge(row, Command.seq(at));
  if (op == OP_MOVE) handleMove(at, row, false);
  else if (op == OP_CAST) handleCast(at, row);
  else if (op == OP_ATTACK) handleAttack(at, row);
  else if (op == OP_CANCEL_CAST) interruptCast(row, INTERRUPT_BY_REQUEST);
  else if (op == OP_STOP_ATTACK) U32.set(ENTITY_ATTACKING, row, 0);
  else if (op == OP_RELEASE) handleRelease(at, row);
  else if (op == OP_RECLAIM) handleReclaim(at, row);
  else if (op == OP_TRADE_OFFER) handleTradeOffer(at, row);
  else if (op == OP_TRADE_ACCEPT) answerTrade(at, row, acceptTrade(row, Command.a(at), Command.b(at)));
  else if (op == OP_TRADE_CANCEL) answerTrade(at, row, cancelTrade(row, Command.a(at), Command.b(at)));
  else if (op == OP_WATCH) watch(row, (Command.flags(at) & WATCH_IS_SLOW) != 0);
  else if (op == OP_UNWATCH) unwatch(row);
  else if (op == OP_LEAVE) handleLeave(at, row);
  else refuse(at, row, REFUSED_BAD_COMMAND);
}

/** True for an action whose sequence number was used before: each is applied once. 0 is no number; joins and leaves have none. */
function isReplayed(row: u32, op: u32, seq: u32): bool {
  if (op == OP_WATCH || op == OP_UNWATCH || op == OP_LEAVE || seq == 0) return false;
  return seq <= U32.get(PLAYER_ACK, row);
}

function acknowledge(row: u32, seq: u32): void {
  if (seq > U32.get(PLAYER_ACK, row)) U32.set(PLAYER_ACK, row, seq);
  U32.set(PLAYER_FLAGS, row, U32.get(PLAYER_FLAGS, row) | PLAYER_ACKED);
}

function handleHost(at: usize, op: u32): void {
  if (op == OP_TRAP) unreachable();
  if (op == OP_SPIN) spin();
  if (op == OP_SPAWN) return handleSpawn(at);
  if (op == OP_ARRIVE) return handleArrive(at);
  if (op == OP_CARRY) {
    if (!bring(Command.a(at), at + COMMAND_B)) refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
    return;
  }
  if (op == OP_SET_OVERLOAD) return handleOverload(at);
  const row = rowOf(Command.a(at));
  if (row == NO_ROW) return refuse(at, NO_ROW, REFUSED_NO_SUCH_ENTITY);
  if (op == OP_DESPAWN) remove(row);
  else if (op == OP_PLACE) handlePlace(at, row);
  else if (op == OP_NUDGE) handleMove(at, row, true);
  else if (op == OP_DEPART) handleDepart(at, row);
  else refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
}

function handleOverload(at: usize): void {
  const isTaken = setOverload(Command.flags(at), Command.a(at), Command.x(at), Command.y(at));
  if (!isTaken) refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
}

function handleJoin(at: usize): void {
  const session = Command.session(at);
  const classIndex = Command.e(at) & 0xff;
  if (session == 0 || rowOf(session) != NO_ROW || classIndex >= CLASSES_MAX || !Command.hasPoint(at)) {
    return refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
  }
  const level = (Command.e(at) >> 8) & 0xff;
  const row = join(session, classIndex, level, Command.x(at), Command.y(at), Command.z(at), Command.flags(at));
  if (row == NO_ROW) return refuse(at, NO_ROW, REFUSED_ZONE_FULL);
  U32.set(PLAYER_ACK, row, Command.seq(at));
}

function handleLeave(at: usize, row: u32): void {
  if ((Command.flags(at) & LEAVE_RECORDS) == 0) return remove(row);
  const refusal = leaveWithRecord(row);
  if (refusal != 0) refuse(at, NO_ROW, refusal);
}

function handleDepart(at: usize, row: u32): void {
  const refusal = row < PLAYERS_MAX ? depart(row) : <u32>REFUSED_BAD_COMMAND;
  if (refusal != 0) refuse(at, NO_ROW, refusal);
}

function handleArrive(at: usize): void {
  const session = Command.session(at);
  const before = rowOf(session);
  if (session == 0 || (before != NO_ROW && before >= PLAYERS_MAX) || !Command.hasPoint(at)) {
    return refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
  }
  const refusal = arrive(session, Command.x(at), Command.y(at), Command.z(at), Command.flags(at));
  if (refusal != 0) refuse(at, NO_ROW, refusal);
}

function handleSpawn(at: usize): void {
  const id = Command.a(at);
  const template = Command.e(at);
  if (id == 0 || rowOf(id) != NO_ROW || template >= TEMPLATES_MAX || !Command.hasPoint(at)) {
    return refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
  }
  const phantom = (Command.flags(at) & SPAWN_PHANTOM) != 0;
  const row = spawn(id, template, Command.x(at), Command.y(at), Command.z(at), phantom);
  if (row == NO_ROW) refuse(at, NO_ROW, REFUSED_ZONE_FULL);
}

function handleMove(at: usize, row: u32, nudge: bool): void {
  if (!Command.hasPoint(at)) return refuse(at, row, REFUSED_BAD_COMMAND);
  if (!nudge) {
    if (Flag.has(row, ENTITY_DEAD) && !Flag.has(row, ENTITY_GHOST)) return refuse(at, row, REFUSED_DEAD);
    if (Control.has(row, CONTROL_STUNNED)) return refuseMove(at, row, REFUSED_STUNNED);
    if (Control.has(row, CONTROL_ROOTED)) return refuseMove(at, row, REFUSED_ROOTED);
  }
  requestMove(row, Command.x(at), Command.y(at), Command.z(at), nudge);
}

/** Refuses a move, and sends the client the real position, because it assumes that it moved. */
function refuseMove(at: usize, row: u32, reason: u32): void {
  refuse(at, row, reason);
  tellCorrection(row);
}

/** Records the request for the phase of casts; a player who requests a spell with a cast time stops walking. */
function handleCast(at: usize, row: u32): void {
  const spellId = Command.b(at);
  requestCast(row, spellId, Command.a(at), load<u32>(at + COMMAND_C), Command.seq(at));
  const spell = spellOf(spellId);
  const known = max<u32>(castTicks(row, spell), Spell.get(spell, SPELL_CHANNEL_TICKS));
  const ticks = spell == 0 ? load<u32>(at + COMMAND_C) : known;
  if (ticks > 0) stopWalking(row);
}

/** Turns auto-attack on; out of range the player is told once, and strikes when the target comes near. */
function handleAttack(at: usize, row: u32): void {
  if (Flag.has(row, ENTITY_DEAD)) return refuse(at, row, REFUSED_DEAD);
  const wantedId = Command.a(at);
  const targetId = wantedId == 0 ? U32.get(ENTITY_TARGET, row) : wantedId;
  const target = rowOf(targetId);
  const refusal = attackRefusal(row, target);
  if (refusal != 0) return refuse(at, row, refusal);
  setTarget(row, targetId);
  U32.set(ENTITY_ATTACKING, row, 1);
  U32.set(PLAYER_DAMAGE_BOUND, row, Command.b(at));
  U32.set(PLAYER_DAMAGE_TYPE, row, load<u32>(at + COMMAND_C) == DAMAGE_MAGICAL ? DAMAGE_MAGICAL : DAMAGE_PHYSICAL);
  if (!inMeleeRange(row, target)) refuse(at, row, REFUSED_OUT_OF_RANGE);
}

function handleRelease(at: usize, row: u32): void {
  const refusal = releaseSpirit(row, (Command.flags(at) & RELEASE_AS_GHOST) != 0);
  if (refusal != 0) refuse(at, row, refusal);
}

function handleReclaim(at: usize, row: u32): void {
  const refusal = reclaimBody(row);
  if (refusal != 0) refuse(at, row, refusal);
}

function handleTradeOffer(at: usize, row: u32): void {
  const gives = Command.b(at);
  const gives2 = load<u32>(at + COMMAND_C);
  const wants = load<u32>(at + COMMAND_D);
  answerTrade(at, row, offerTrade(row, Command.a(at), gives, gives2, wants, Command.e(at)));
}

function answerTrade(at: usize, row: u32, refusal: u32): void {
  if (refusal != 0) refuse(at, row, refusal);
}

function handlePlace(at: usize, row: u32): void {
  if (!Command.hasPoint(at)) return refuse(at, NO_ROW, REFUSED_BAD_COMMAND);
  U32.set(ENTITY_MOVING, row, MOVING_NOT);
  setPosition(row, inWorld(Command.x(at)), inWorld(Command.y(at)), inWorld(Command.z(at)));
}

/** Counts and reports a refusal; with NO_ROW it goes to the session itself, which may not be in the zone. */
function refuse(at: usize, row: u32, reason: u32): void {
  const op = Command.op(at);
  const subject = op == OP_CAST ? Command.b(at) : Command.a(at);
  if (row < PLAYERS_MAX) emitRefused(row, reason, op, Command.seq(at), subject);
  else emitRefusedToSession(Command.session(at), reason, op, Command.seq(at), subject);
}

/** Burns all fuel. */
function spin(): void {
  let burnt: u32 = 0;
  while (true) burnt++;
}
