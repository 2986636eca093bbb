// A world for a crowd: so many zones, each wide enough that with its players spread over it and creatures between them about
// forty of both are in sight of everybody. Either as in a living world, where some fight and some are on their way, or with
// creatures enough beside each that everybody fights.
//
//   const world = crowdWorld({ zones: 8, players: 5_000, manner: "living" })
//   world.toml                  // a world file
//   world.home(17)              // { x: -120, y: 40 }: where the 18th player of a zone plays

/** Yards. */
const SIGHT = 100;
const IN_SIGHT = 40;
const MANNERS = {
  living: {
    creaturesPerPlayer: 1 / 3,
    packSize: 6,
    packRadiusYd: 25,
    kinds: ["Timber Wolf", "Young Boar", "Defias Pillager", "Kobold Geomancer", "Harvest Watcher"],
  },
  fighting: { creaturesPerPlayer: 1, packSize: 1, packRadiusYd: 5, kinds: ["Harvest Golem"] },
} as const;
export type CrowdManner = keyof typeof MANNERS;
/** World files allow coordinates up to this. */
const COORDINATE_MAX = 2_000;

export interface CrowdWorldOptions {
  zones: number;
  players: number;
  manner: CrowdManner;
}

export interface CrowdWorld {
  toml: string;
  /** From the spawn point to the furthest corner, yards. */
  radius: number;
  /** Homes are on a grid, the nearest to the spawn point first. */
  home(index: number): { x: number; y: number };
}

/** Throws RangeError when so many players need more room than a zone has. */
export function crowdWorld({ zones, players, manner }: CrowdWorldOptions): CrowdWorld {
  const { creaturesPerPlayer, packSize, packRadiusYd, kinds } = MANNERS[manner];
  const perZone = Math.ceil(players / zones);
  const area = (perZone * (1 + creaturesPerPlayer) * Math.PI * SIGHT ** 2) / IN_SIGHT;
  const side = Math.sqrt(area);
  if (side / 2 > COORDINATE_MAX) throw new RangeError(`${perZone} players a zone need ${Math.round(side)} yards.`);
  const homes = gridOf(perZone, side);
  const packs = gridOf(Math.ceil((perZone * creaturesPerPlayer) / packSize), side);
  const zone = (id: number): string => {
    const creatures = packs.map(({ x, y }, index) => {
      const kind = kinds[index % kinds.length] ?? "Young Boar";
      return `[[zone.pack]]\nkind = "${kind}"\ncount = ${packSize}\nx = ${x}\ny = ${y}\nradius_yd = ${packRadiusYd}\n`;
    });
    return `[[zone]]\nid = ${id}\nname = "Plain ${id}"\n\n${creatures.join("\n")}`;
  };
  const toml = `name = "Plains"\n\n${Array.from({ length: zones }, (_, index) => zone(index + 1)).join("\n")}`;
  return { toml, radius: (side / 2) * Math.SQRT2, home: (index) => homes[index % homes.length] ?? { x: 0, y: 0 } };
}

/** `count` points evenly over a square of that side around the origin, the nearest to it first. */
function gridOf(count: number, side: number): { x: number; y: number }[] {
  const columns = Math.ceil(Math.sqrt(count));
  const step = side / columns;
  const points = Array.from({ length: columns ** 2 }, (_, index) => ({
    x: Math.round(((index % columns) + 0.5) * step - side / 2),
    y: Math.round((Math.floor(index / columns) + 0.5) * step - side / 2),
  }));
  return points.toSorted((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y)).slice(0, count);
}
