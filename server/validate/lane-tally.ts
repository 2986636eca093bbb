// Everything that one kernel did in a tick, as sums for each term.
//
//   const tally = new LaneTally(lane, vocabulary)
//   tally.run(before, draws, false)
//   tally.sums.value[vocabulary.of("damage.to", OF_CREATURES)]      // 93

import { COUNTERS, DEPARTURE_WORDS } from "../../assembly/abi.ts";
import type { Lane } from "../lockstep/lane.ts";
import { outputBytesOf } from "../lockstep/outputs.ts";
import { EntityRows } from "./entity-rows.ts";
import { EventTerms } from "./event-terms.ts";
import { FrameTerms } from "./frame-terms.ts";
import { ListTerms } from "./list-terms.ts";
import { StateTerms } from "./state-terms.ts";
import { StateView } from "./state-view.ts";
import type { Before } from "./state-view.ts";
import { mix, TickSums } from "./tick-sums.ts";
import { UntoldChanges } from "./untold-changes.ts";
import { ONE } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

export class LaneTally {
  readonly view: StateView;
  readonly rows: EntityRows;
  readonly sums = new TickSums();
  readonly untold: UntoldChanges;
  readonly #vocabulary: Vocabulary;
  readonly #events: EventTerms;
  readonly #state: StateTerms;
  readonly #lists: ListTerms;
  readonly #frames: FrameTerms;

  constructor(lane: Lane, vocabulary: Vocabulary) {
    this.view = new StateView(lane);
    this.rows = new EntityRows(this.view);
    this.untold = new UntoldChanges(this.view, this.rows);
    this.#vocabulary = vocabulary;
    this.#events = new EventTerms(this.view, this.rows, vocabulary, this.sums);
    this.#state = new StateTerms(this.view, vocabulary, this.sums);
    this.#lists = new ListTerms(this.view, vocabulary, this.sums);
    this.#frames = new FrameTerms(this.view, vocabulary, this.sums);
  }

  /** `draws`: random numbers drawn in the tick. `isMarking`: something differs in the tick, so it matters what exactly. */
  run(before: Before, draws: number, isMarking: boolean): void {
    this.sums.begin(isMarking);
    this.rows.refresh(before);
    this.#events.tally();
    this.#state.tally(before, this.#events.told);
    this.#lists.tally(before);
    this.#frames.tally();
    this.#counters();
    this.#departures();
    if (draws > 0) this.sums.add(this.#vocabulary.of("one", ONE.draws), draws, 0, 0);
  }

  #counters(): void {
    const { words, at } = this.view;
    for (let counter = 0; counter < COUNTERS; counter++) {
      const value = words[at.counters + counter] ?? 0;
      if (value !== 0) this.sums.add(this.#vocabulary.of("counters", counter), value, 0, 0);
    }
  }

  #departures(): void {
    const { lane, words } = this.view;
    const count = outputBytesOf(lane, "departures") / (DEPARTURE_WORDS * 4);
    for (let at = lane.at.departures / 4, index = 0; index < count; index++, at += DEPARTURE_WORDS) {
      let content = 0;
      for (let word = at; word < at + DEPARTURE_WORDS; word++) content = mix(content, words[word] ?? 0);
      this.sums.add(this.#vocabulary.of("one", ONE.departures), 1, words[at] ?? 0, content);
    }
  }
}
