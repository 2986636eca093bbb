// Makes the pictures of the README and of docs/ from the real screens, or says which are older than the program:
//
//   bun run pictures                    docs/pictures/*.svg, about three minutes
//   bun run pictures dashboard          one of them
//   bun run pictures --check            takes them anew, writes nothing; exit code 1 when one does not show what the program shows
//
// How a screen becomes a picture: ansi.ts reads what the terminal was sent, svg.ts draws it, labels.ts says what of it must
// not change unnoticed.

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Argument, Command } from "commander";
import { EXIT, fail, out } from "../../tools/ui/output.ts";
import { labelsOf } from "./labels.ts";
import { pictureFile, readLabels, screenSvg } from "./svg.ts";
import { SCENES, take } from "./scenes.ts";

const names = SCENES.map(({ name }) => name);

await new Command("pictures")
  .description("Make the pictures in docs/pictures from the real screens.")
  .addArgument(new Argument("[name...]", "which; all by default").choices(names))
  .option("--check", "write nothing, and fail when the program shows something else than a picture does")
  .action(async (wanted: string[], { check = false }: { check?: boolean }) => {
    try {
      const scenes = SCENES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
      for (const scene of scenes) {
        const rows = await take(scene);
        const file = pictureFile(scene.name);
        if (check) report(scene.name, readLabels(await Bun.file(file).text()), labelsOf(rows));
        else {
          await mkdir(dirname(file), { recursive: true });
          const bytes = await Bun.write(file, screenSvg({ title: scene.title, rows, columns: scene.width }));
          out(`docs/pictures/${scene.name}.svg: ${rows.length} rows, ${Math.round(bytes / 1_024)} KB`);
        }
      }
    } catch (error) {
      fail(error, EXIT.degraded);
    }
  })
  .parseAsync();

function report(name: string, drawn: readonly string[], shown: readonly string[]): void {
  const gone = drawn.filter((label) => !shown.includes(label));
  const added = shown.filter((label) => !drawn.includes(label));
  const isOld = gone.length + added.length > 0;
  out(`${isOld ? "OLD" : "ok "}  ${name}: ${drawn.length} labels${isOld ? "" : ", all of them are shown"}`);
  if (gone.length > 0) out(`     not shown any more: ${gone.join(", ")}`);
  if (added.length > 0) out(`     not in the picture: ${added.join(", ")}`);
  if (isOld) process.exitCode = EXIT.degraded;
}
