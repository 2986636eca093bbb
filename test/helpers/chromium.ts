// A page as a browser shows it. Chromium is no dependency: where there is none, what needs it is skipped, and says so.
//
//   const { title, complaints } = await shownPage(CHROMIUM, html, { scheme: "dark", probe: "document.title = ..." })

import { join } from "node:path";
import { tempFolder } from "./telemetry.ts";

export const CHROMIUM =
  ["chromium", "chromium-browser", "google-chrome"].map((name) => Bun.which(name)).find((file) => file !== null) ??
  null;

if (CHROMIUM === null)
  process.stderr.write("SKIPPED: no Chromium, so pages are not looked at. Install it: apt-get install chromium\n");

/**
 * For a probe: sets `drawn` to an item for each plot, the number of its lines when something on it has the colour of each of them, or
 * else 0.
 */
export const DRAWN_PLOTS = `
  const drawn = [...document.querySelectorAll(".uplot")].map((plot) => {
    const canvas = plot.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) colors.add(data.slice(at, at + 3).join());
    const lines = [...plot.querySelectorAll(".u-series:not(:first-child) .u-marker")].map((marker) => getComputedStyle(marker).borderColor.match(/\\d+/g).join());
    return lines.every((line) => colors.has(line)) ? lines.length : 0;
  });
`;

export interface ShownPage {
  title: string;
  /** What the page said on the console; errors are among it. */
  complaints: string[];
}

const SCHEMES = { dark: 0, light: 1 } as const;

/** Loads the page, lets it settle, runs `probe` in it, which may set the title. It reaches no network. */
export async function shownPage(
  chromium: string,
  html: string,
  { scheme, probe }: { scheme: keyof typeof SCHEMES; probe: string },
): Promise<ShownPage> {
  using folder = tempFolder();
  const file = folder.file("page.html");
  await Bun.write(file, html.replace("</body>", `<script>setTimeout(() => { ${probe} }, 500)</script></body>`));
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    `--user-data-dir=${join(folder.path, "profile")}`,
    `--blink-settings=preferredColorScheme=${SCHEMES[scheme]}`,
    "--enable-logging=stderr",
    "--virtual-time-budget=2000",
    "--window-size=1200,1600",
    "--dump-dom",
  ];
  const child = Bun.spawn([chromium, ...flags, `file://${file}`], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  if (code !== 0) throw new Error(`Chromium ended with ${code}: ${stderr}`);
  return {
    title: /<title>(.*?)<\/title>/s.exec(stdout)?.[1] ?? "",
    complaints: stderr.split("\n").filter((line) => line.includes("CONSOLE")),
  };
}
