// The door for newcomers and those who resume: shut for so many server ticks by a fault, or open.
//
//   door.hold(20)      // isHeld until the server has ticked 20 times

export class Door {
  #serverTick = 0;
  #heldUntilTick = 0;

  get isHeld(): boolean {
    return this.#serverTick < this.#heldUntilTick;
  }

  /** Lets nobody in, and no one resume, for so many server ticks from now; 0 ends that. */
  hold(ticks: number): void {
    this.#heldUntilTick = this.#serverTick + ticks;
  }

  onServerTick(tick: number): void {
    this.#serverTick = tick;
  }
}
