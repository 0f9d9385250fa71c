import { figure } from './report.js';

export interface Panel {
  readonly title: string;
  /** Digits after the point of the values. */
  readonly digits: number;
  readonly bars: readonly { readonly label: string; readonly value: number; readonly isControl: boolean }[];
}

const WIDTH = 760;
const PAD = 20;
const TITLE_HEIGHT = 30;
const ROW_HEIGHT = 28;
const BAR_HEIGHT = 18;
const LABEL_WIDTH = 150;
/** Room for the number behind the longest bar. */
const VALUE_WIDTH = 100;
const BAR_WIDTH = WIDTH - 2 * PAD - LABEL_WIDTH - VALUE_WIDTH;

/** On a ground of its own, so that it reads on a page whose theme is not that of the system too. */
const STYLE = `
  text { font: 14px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 }
  .ground { fill: #ffffff; stroke: #d1d9e0 } .bar { fill: #2f6fdb } .control { fill: #c2541b }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ground { fill: #0d1117; stroke: #3d444d } .bar { fill: #5b9bff } .control { fill: #f0883e }
  }`;

/** Bars from zero, each panel on a scale of its own, as an SVG without scripts or fonts. */
export function barChart({ title, panels }: { title: string; panels: readonly Panel[] }): string {
  const parts: string[] = [];
  let y = PAD;
  for (const panel of panels) {
    parts.push(drawPanel(panel, y));
    y += TITLE_HEIGHT + panel.bars.length * ROW_HEIGHT + PAD;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${y - 1}" rx="6"/>
${parts.join('\n')}
</svg>
`;
}

function drawPanel({ title, digits, bars }: Panel, top: number): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const lines = [`<text class="title" x="${PAD}" y="${top + 14}">${escaped(title)}</text>`];
  bars.forEach(({ label, value, isControl }, row) => {
    const y = top + TITLE_HEIGHT + row * ROW_HEIGHT;
    const width = most === 0 ? 0 : (value / most) * BAR_WIDTH;
    const x = PAD + LABEL_WIDTH;
    lines.push(
      `<text x="${PAD}" y="${y + 14}">${escaped(label)}</text>`,
      // A value that is small beside the others still shows a line.
      `<rect class="${isControl ? 'control' : 'bar'}" x="${x}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text x="${(x + Math.max(1, width) + 8).toFixed(1)}" y="${y + 14}">${figure(value, digits)}</text>`,
    );
  });
  return lines.join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
