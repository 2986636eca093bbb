// What is found wrong after kills of a server, by kind, with the first few examples.
//
//   const findings = new KillFindings()
//   findings.journal(lookIntoJournal(...), players.known())
//   findings.checks()        // [{ what: "No acknowledged action is lost", holds: true, shown: "0 of 51,200" }, ...]

import type { Check } from "./checks.ts";
import type { FoundPlayers, JournalLook } from "./journal-look.ts";
import type { KnownActions } from "./kill-players.ts";
import type { Comparison } from "./world-compare.ts";

const EXAMPLES_MAX = 3;

/** Each kind, and what holds when it was never found. */
const KINDS = {
  journal: "The journal is whole and replays, hash by hash",
  lost: "No acknowledged action is lost",
  invented: "No action is handled that was not sent",
  places: "Everybody is in one zone, or on the way to one",
  items: "Items and gold are conserved in every zone and over all",
  absent: "Everybody plays again, in the same session",
  protocol: "No protocol error",
  differs: "What players know is what their zones know",
  server: "The server finds nothing damaged, doubled or unaccounted",
} as const;
type Kind = keyof typeof KINDS;

interface PlayersSaid {
  took: readonly number[];
  errors: number;
  examples: readonly string[];
  restarted: number;
  refusals: readonly string[];
}

export class KillFindings {
  readonly #found = new Map<Kind, { count: number; examples: string[] }>();
  readonly #looked = new Map<Kind, number>();
  #errors = 0;
  #restarted = 0;
  #refusals = 0;

  /** Findings so far, of all kinds. */
  get count(): number {
    return [...this.#found.values()].reduce((sum, { count }) => sum + count, 0);
  }

  get text(): string {
    return this.count === 0 ? "nothing wrong" : JSON.stringify(this.toJson());
  }

  /** The journal of the killed server, and what its players had been told. */
  journal(look: JournalLook, known: readonly KnownActions[]): void {
    this.#look("items", 1);
    for (const sentence of look.unaccounted) this.#find("items", sentence);
    this.players(look, known);
  }

  /** Where journals have the players, and what these had been told before. */
  players({ problems, players }: FoundPlayers, known: readonly KnownActions[]): void {
    this.#look("journal", 1);
    for (const problem of problems) this.#find("journal", problem);
    this.#look("lost", known.length);
    this.#look("invented", known.length);
    this.#look("places", players.size);
    for (const [session, { zones }] of players)
      if (zones.length > 1) this.#find("places", `session ${session} is in zones ${zones.join(" and ")}`);
    for (const { session, name, acked, sent } of known) {
      const player = players.get(session);
      // One who was told nothing yet may not be there.
      const has = player?.acked ?? 0;
      if (has < acked) this.#find("lost", `${name} was acknowledged ${acked}, its zone has ${has}`);
      if (has > sent) this.#find("invented", `${name} has sent ${sent}, its zone has ${has}`);
    }
  }

  /** What the started server says of its journal. */
  said(notices: readonly string[]): void {
    this.#look("server", 1);
    for (const notice of notices) this.#find("server", notice);
  }

  /** What the server's audits count, by zone; null: it does not answer. */
  counted(...metrics: readonly (ReadonlyMap<string, number> | null)[]): void {
    for (const metric of metrics)
      for (const [zone, value] of metric ?? [])
        if (value !== 0) this.#find("server", `an audit of zone ${zone || "all"} counts ${value}`);
  }

  settled({ took, errors, examples, restarted, refusals }: PlayersSaid, clients: number): void {
    this.#look("absent", clients);
    this.#look("protocol", clients);
    if (took.length < clients) this.#find("absent", `${clients - took.length} do not play`, clients - took.length);
    if (restarted > this.#restarted)
      this.#find("absent", `${restarted} sessions were begun anew`, restarted - this.#restarted);
    if (errors > this.#errors) this.#find("protocol", examples.at(-1) ?? "", errors - this.#errors);
    for (const code of refusals.slice(this.#refusals)) this.#find("absent", `a character is refused: ${code}`);
    [this.#restarted, this.#errors, this.#refusals] = [restarted, errors, refusals.length];
  }

  compared({ entities, differing, examples, unseen, behind }: Comparison): void {
    this.#look("differs", entities);
    if (differing > 0) this.#find("differs", examples[0] ?? "", differing);
    if (unseen > 0) this.#find("differs", `${unseen} zones could not be looked into`, unseen);
    if (behind > 0) this.#find("differs", `${behind} players were behind`, behind);
  }

  checks(): Check[] {
    return (Object.keys(KINDS) as Kind[]).map((kind) => {
      const { count, examples } = this.#found.get(kind) ?? { count: 0, examples: [] };
      const shown = `${count} wrong of ${this.#looked.get(kind) ?? 0} ${examples.join("; ")}`.trim();
      return { what: KINDS[kind], holds: count === 0, shown };
    });
  }

  toJson(): Record<string, unknown> {
    return Object.fromEntries(this.#found);
  }

  #look(kind: Kind, count: number): void {
    this.#looked.set(kind, (this.#looked.get(kind) ?? 0) + count);
  }

  #find(kind: Kind, example: string, count = 1): void {
    const found = this.#found.get(kind) ?? { count: 0, examples: [] };
    found.count += count;
    if (found.examples.length < EXAMPLES_MAX) found.examples.push(example);
    this.#found.set(kind, found);
  }
}
