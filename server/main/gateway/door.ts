// The door for newcomers and for clients that resume: open, or held shut by a fault for a number of server ticks.
//
//   door.hold(20)      // isHeld until the server has ticked 20 times

export class Door {
  #serverTick = 0;
  #heldUntilTick = 0;

  get isHeld(): boolean {
    return this.#serverTick < this.#heldUntilTick;
  }

  /** Refuses newcomers and resumes for `ticks` server ticks from now; 0 opens the door again. */
  hold(ticks: number): void {
    this.#heldUntilTick = this.#serverTick + ticks;
  }

  onServerTick(tick: number): void {
    this.#serverTick = tick;
  }
}
