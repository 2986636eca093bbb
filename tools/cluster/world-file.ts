// A world with any number of zones, for a cluster: in a ring, each with a portal to the next, and creatures around.
//
//   worldOf(12)      // the text of a world file

const PORTAL_X = -130;
const EXIT_X = 112;
const NAMES = [
  "Elwynn Forest",
  "Westfall",
  "Redridge",
  "Duskwood",
  "Stranglethorn",
  "Loch Modan",
  "Wetlands",
  "Arathi",
];
/** Creature kind, count, x, y and radius: near enough to be found, and none at the spawn point. */
const PACKS = [
  ["Timber Wolf", 12, 40, 30, 25],
  ["Young Boar", 10, 10, -60, 30],
  ["Kobold Laborer", 8, -62, 28, 14],
  ["Defias Pillager", 8, 68, -18, 18],
] as const;

/** As many as a world file may have. */
export const ZONES_MAX = 64;

export function worldOf(zones: number): string {
  const ids = Array.from({ length: zones }, (_, index) => index + 1);
  return ["# Written by wowsim cluster up.", 'name = "Cluster"', ...ids.map((id) => zoneText(id, zones))].join("\n\n");
}

function zoneText(id: number, zones: number): string {
  const round = Math.floor((id - 1) / NAMES.length);
  const name = `${NAMES[(id - 1) % NAMES.length]}${round === 0 ? "" : ` ${round + 1}`}`;
  const to = (id % zones) + 1;
  const portal = `[[zone.portal]]\nto = ${to}\nx = ${PORTAL_X}\ny = -20\nradius_yd = 6\nexit_x = ${EXIT_X}\nexit_y = 0`;
  const packs = PACKS.map(
    ([kind, count, x, y, radius]) =>
      `[[zone.pack]]\nkind = "${kind}"\ncount = ${count}\nx = ${x}\ny = ${y}\nradius_yd = ${radius}`,
  );
  return [`[[zone]]\nid = ${id}\nname = "${name}"`, ...(to === id ? [] : [portal]), ...packs].join("\n\n");
}
