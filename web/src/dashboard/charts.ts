import { svg } from "./dom";
import { formatDuration, plural } from "./format";
import type { StepFigures } from "./step-figures";
import { sliceCount } from "./step-figures";

const width = 288;
const height = 56;

/** Steps over time, failed ones at the foot of their bar. */
export function rateChart({ slices, windowMs }: StepFigures): SVGSVGElement {
  const most = Math.max(...slices.map(slice => slice.total), 1);
  const step = width / sliceCount;
  const total = slices.reduce((sum, slice) => sum + slice.total, 0);
  const parts: SVGElement[] = [svg("line", { class: "chart-base", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 })];
  for (const [index, slice] of slices.entries()) {
    if (slice.total === 0) continue;
    const top = barHeight(slice.total / most);
    const x = index * step + 0.75;
    parts.push(svg("rect", { class: "bar bar-rate", x, y: height - top, width: step - 1.5, height: top, rx: 1 }, svg("title", {}, plural(slice.total, "step"))));
    if (slice.failed > 0) {
      const foot = Math.max(top * slice.failed / slice.total, 3);
      parts.push(svg("rect", { class: "bar bar-failed", x, y: height - foot, width: step - 1.5, height: foot, rx: 1 }));
    }
  }
  return chart(`${plural(total, "step")} in the last ${formatDuration(windowMs)}`, parts);
}

/**
 * The newest steps by how long they took, on a logarithmic scale: agents take milliseconds and minutes side by side.
 * A click on a bar leads to its step.
 */
export function durationChart({ bars, median, p95 }: StepFigures): SVGSVGElement {
  const logs = bars.map(bar => Math.log10(Math.max(bar.durationMs, 1)));
  const low = Math.floor(Math.min(...logs, 1));
  const high = Math.max(...logs, low + 1);
  const place = (ms: number) => barHeight((Math.log10(Math.max(ms, 1)) - low + 0.15) / (high - low + 0.15));
  const step = width / 64;
  const begin = width - bars.length * step;
  const parts: SVGElement[] = [svg("line", { class: "chart-base", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 })];
  for (const [index, bar] of bars.entries()) {
    const top = place(bar.durationMs);
    parts.push(svg("rect", {
      class: `bar bar-${bar.status}`, "data-jump": bar.position, x: begin + index * step + 0.6, y: height - top, width: step - 1.2, height: top, rx: 1,
    }, svg("title", {}, `${bar.name}: ${formatDuration(bar.durationMs)}, ${bar.status}`)));
  }
  if (median !== undefined) {
    const y = height - place(median);
    parts.push(svg("line", { class: "chart-median", x1: 0, x2: width, y1: y, y2: y }));
  }
  const label = median === undefined || p95 === undefined ? "No durations yet"
    : `Durations of the last ${plural(bars.length, "step")}: half took up to ${formatDuration(median)}, 95 percent up to ${formatDuration(p95)}`;
  return chart(label, parts);
}

/** Never nothing: a bar that cannot be seen looks like no step. */
function barHeight(share: number): number {
  return Math.max(share * (height - 2), 2);
}

function chart(label: string, parts: readonly SVGElement[]): SVGSVGElement {
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, ...parts);
}
