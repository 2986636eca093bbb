// A world for servers that are killed: zones in a ring, each with a portal near the spawn point, and creatures all around.
//
//   const world = killWorld({ zones: 8, creaturesPerZone: 612 })      // the text of a world file

export interface KillWorldOptions {
  zones: number;
  creaturesPerZone: number;
}

const PACK_SIZE = 12;
const PACK_RADIUS_YD = 20;
/** Between the middles of two packs. */
const PACKS_APART_YD = 55;
const KINDS = ["Kobold Laborer", "Defias Pillager", "Timber Wolf"];
/** The portal, and where those arrive who came through the one before. */
const PORTAL_X = 45;
const EXIT_X = -25;

/** The text of a world file. */
export function killWorld({ zones, creaturesPerZone }: KillWorldOptions): string {
  const ids = Array.from({ length: zones }, (_, index) => index + 1);
  return ['name = "Killing fields"', ...ids.map((id) => zoneText(id, zones, creaturesPerZone))].join("\n\n");
}

function zoneText(id: number, zones: number, creatures: number): string {
  const to = (id % zones) + 1;
  const lines = [`[[zone]]\nid = ${id}\nname = "Field ${id}"`];
  if (to !== id)
    lines.push(`[[zone.portal]]\nto = ${to}\nx = ${PORTAL_X}\ny = 0\nradius_yd = 5\nexit_x = ${EXIT_X}\nexit_y = 0`);
  const packs = Math.ceil(creatures / PACK_SIZE);
  const columns = Math.ceil(Math.sqrt(packs));
  for (let pack = 0; pack < packs; pack++) {
    const [x, y] = [pack % columns, Math.floor(pack / columns)].map(
      (place) => (place - (columns - 1) / 2) * PACKS_APART_YD,
    );
    const count = Math.min(PACK_SIZE, creatures - pack * PACK_SIZE);
    const kind = KINDS[pack % KINDS.length];
    lines.push(`[[zone.pack]]\nkind = "${kind}"\ncount = ${count}\nx = ${x}\ny = ${y}\nradius_yd = ${PACK_RADIUS_YD}`);
  }
  return lines.join("\n\n");
}
