// Whether newcomers and clients that resume are turned away for now: a fault holds them up for a number of server ticks.
//
//   hold.begin(20)      // isActive until the server has ticked 20 times

export class AdmissionHold {
  #serverTick = 0;
  #untilTick = 0;

  get isActive(): boolean {
    return this.#serverTick < this.#untilTick;
  }

  /** For `ticks` server ticks from now; 0 ends the hold. */
  begin(ticks: number): void {
    this.#untilTick = this.#serverTick + ticks;
  }

  onServerTick(tick: number): void {
    this.#serverTick = tick;
  }
}
