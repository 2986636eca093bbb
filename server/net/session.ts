// A player as the gateway knows it, from the connection to the end of its reconnection window. Plain data; its state
// only changes through the session table, which knows the legal moves.

import type { FaultSession } from "../fault/fault.ts";
import type { Connection } from "./connection.ts";
import type { Crossing } from "../zone/transfer.ts";
import type { SessionState } from "./session-states.ts";

export class Session implements FaultSession {
  /** Also the id of its entity. */
  readonly id: number;
  state: SessionState = "CONNECTING";
  connection: Connection | null = null;
  name = "";
  /** The name as JSON text in ASCII, for frames. */
  nameJson = '""';
  isGuest = true;
  classIndex = 0;
  /** What a hello gives as `resume` to take this session up again; "" for guests. */
  resumeToken = "";
  /** The one before: still good until the new one was used or the player acted, for its welcome may be lost. */
  formerResumeToken = "";
  /** Where its entity is; 0: in no zone. */
  zoneId = 0;
  /** The zone it returns to once that is back; the same as zoneId unless that went down. */
  homeZoneId = 0;
  /** All that is theirs, while they are between two zones: from one's departure until the other has let them in. */
  crossing: Crossing | null = null;
  /** It did something in the world, which a body that is only to fill a zone does not. */
  hasActed = false;
  /** Its link ended from the other side; not for a limit or a fault of ours. */
  hungUp = false;
  /** When it entered the world, in milliseconds of the gateway's clock. */
  enteredAt = 0;
  /** Whose it is for limits an address (address.ts). */
  address = "";
  /** Of the command that lets it into its zone, and whether the zone has said since that it is there. */
  ticket = 0;
  isThere = false;
  /** Censuses of its zone in a row that did not have it, or did not know of its ticket; that found it waiting for a reset. */
  absentRounds = 0;
  unwatchedRounds = 0;
  /** How often in a row it was not in the zone that was to let it in; until a census finds it. */
  entryFailures = 0;
  /** Highest sequence number given to a command. */
  lastSeq = 0;
  /** Frames are skipped until the kernel begins anew with a reset. */
  awaitsReset = false;
  /** A sequence number whose acknowledgement is being timed, and since when; 0: none. */
  probeSeq = 0;
  probeAt = 0;
  /** Since when the link is lost. */
  linkLostAt = 0;
  /** Its window was over at the last look. */
  isOverdue = false;

  constructor(id: number) {
    this.id = id;
  }

  get connected(): boolean {
    return this.connection !== null && !this.connection.isClosed;
  }

  /** Its entity is in a zone. */
  get isInWorld(): boolean {
    return this.zoneId !== 0;
  }

  /** Closes the socket at once, as a crash of the link would: no farewell, unsent bytes are lost. */
  crash(): void {
    const connection = this.connection;
    if (connection === null || connection.isClosed) return;
    connection.closing ??= "link_lost";
    connection.socket.terminate();
  }
}
