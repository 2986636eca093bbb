// The script of the page, which draws its plots. It runs in the reader's browser, on the JSON in the element #plots-data.

/** Draws again when the window's width or the system's colours change: a canvas does neither by itself. */
export const DRAW = `
const plots = JSON.parse(document.getElementById("plots-data").textContent);
const place = document.getElementById("plots");
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function draw() {
  place.replaceChildren();
  const axis = { stroke: color("--quiet"), font: "12px system-ui, sans-serif", grid: { stroke: color("--rule"), width: 1 }, ticks: { show: false } };
  const blocks = plots.map(({ title }) => {
    const block = place.appendChild(document.createElement("div"));
    block.appendChild(document.createElement("h3")).textContent = title;
    return block;
  });
  for (const [index, { unit, seconds, lines }] of plots.entries()) {
    const seen = { candidate: 0, incumbent: 0 };
    const series = lines.map(({ name, of }) => {
      const stroke = color(of === "candidate" ? "--accent" : "--grey");
      // The first line of a module is solid, the next ones are dashed.
      const dash = seen[of]++ === 0 ? undefined : [5, 4];
      return { label: name, stroke, width: 2, dash, points: { show: seconds.length < 3, fill: color("--ground") }, value: (_, v) => v === null ? "-" : v.toPrecision(3) + " " + unit };
    });
    const legend = { markers: { width: 2, dash: (_, at) => (series[at - 1].dash === undefined ? "solid" : "dashed") } };
    const data = [seconds, ...lines.map(({ values }) => seconds.map((_, at) => values[at] ?? null))];
    const scales = { x: { time: false }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } };
    const axes = [axis, { ...axis, size: 64, values: (_, splits) => splits.map((v) => v + " " + unit) }];
    new uPlot({ width: blocks[index].clientWidth, height: 230, scales, axes, series: [{ label: "s" }, ...series], cursor: { y: false }, legend }, data, blocks[index]);
  }
}
draw();
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);`;
