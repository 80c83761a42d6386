// The verdict: whether it reads as stubble, in words, numbers and small plots.

import { current, set, state } from "./state.js";
import { colourOf } from "./layers.js";
import { Group, html } from "./ui.js";
import { FACTS, layerName, number, plain, verdictWords } from "./words.js";

const [WIDE, HIGH, FOOT] = [320, 96, 18];
const MOST_BARS = 32;
const LEAST_DOTS = 20;

const share = (index) => Math.round(100 * Math.min(1, Math.max(0, index)));

// How much it reads as stubble; null where there is hardly any treated skin to judge.
function judged(verdict) {
  const placed = verdict?.depth_mm.counts.flat().reduce((sum, count) => sum + count, 0);
  return placed >= LEAST_DOTS ? verdict.stubble_index : null;
}

const Gauge = ({ index }) =>
  html`<div class="gauge" aria-hidden="true"><i style=${{ left: `${share(index)}%` }}></i></div>`;

// Several neighbours as one, so that bars stay wide enough to be seen.
function coarser({ edges, counts }, layers) {
  const by = Math.ceil((edges.length - 1) / MOST_BARS);
  const groups = Array.from({ length: Math.ceil((edges.length - 1) / by) }, (_, i) => i * by);
  const sum = (row, i) => row.slice(i, i + by).reduce((a, b) => a + b, 0);
  return {
    edges: [...groups.map((i) => edges[i]), edges.at(-1)],
    rows: (layers ? counts : [counts]).map((row) => groups.map((i) => sum(row, i))),
  };
}

// Without the empty bars at either end.
function trimmed({ edges, rows }) {
  const full = edges.slice(1).map((_, i) => rows.some((row) => row[i] > 0));
  const first = Math.max(0, full.indexOf(true) - 1);
  const last = Math.min(full.length - 1, full.lastIndexOf(true) + 1);
  const open = last === full.length - 1; // the last bar holds all that is more, too
  return { edges: edges.slice(first, last + 2), rows: rows.map((row) => row.slice(first, last + 1)), open };
}

// Bars of counts, one layer upon the other.
function Plot({ title, unit, digits, data, layers, words }) {
  const { edges, rows, open } = trimmed(coarser(data, layers));
  const sums = edges.slice(1).map((_, i) => rows.reduce((sum, row) => sum + row[i], 0));
  const most = Math.max(...sums);
  if (!(most > 0)) return html`<div><h3>${title}</h3><p class="note">No dots to measure here.</p></div>`;
  const x = (value) => (WIDE * (value - edges[0])) / (edges.at(-1) - edges[0]);
  const bars = [];
  edges.slice(1).forEach((edge, i) => {
    let foot = HIGH - FOOT;
    rows.forEach((row, n) => {
      const height = ((HIGH - FOOT) * row[i]) / most;
      foot -= height;
      if (height > 0) {
        bars.push(html`<rect class=${colourOf(layers ? n + 1 : 2)} x=${x(edges[i]) + 0.75} y=${foot}
          width=${Math.max(0.5, x(edge) - x(edges[i]) - 1.5)} height=${height} />`);
      }
    });
  });
  const ticks = [0, 0.5, 1].map((at) => edges[0] + at * (edges.at(-1) - edges[0]));
  const anchors = ["start", "middle", "end"];
  return html`<div>
    <div class="row spread"><h3>${title}</h3><span class="note">${unit}</span></div>
    <svg class="plot" viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label=${words}>
      ${bars}
      <line x1="0" x2=${WIDE} y1=${HIGH - FOOT} y2=${HIGH - FOOT} />
      ${ticks.map((value, i) => html`<text x=${x(value)} y=${HIGH - 4} text-anchor=${anchors[i]}>${number(value, digits)}${open && !layers && i === 2 ? "+" : ""}</text>`)}
    </svg>
  </div>`;
}

function middle({ edges, counts }) {
  const all = counts.reduce((a, b) => a + b, 0);
  let sum = 0;
  const at = counts.findIndex((count) => (sum += count) >= all / 2);
  return at < 0 ? NaN : (edges[at] + edges[at + 1]) / 2;
}

function Plots({ verdict }) {
  const { sessions } = current();
  const layers = sessions.map((s) => `${layerName(s)} ${number(s.depth_mm, 2)} mm`).join(", ");
  const { fwhm_mm: width, contrast } = verdict;
  return html`<${Group} title="Where the pigment lies">
      <${Plot} title="Depth by session" unit="mm below the surface" digits=${1} data=${verdict.depth_mm} layers
        words=${`Depth of dots by session: ${layers}`} />
      <div class="legend">
        ${sessions.map((s) => html`<span><i class=${colourOf(s.number)}></i>${layerName(s)}</span>`)}
      </div>
    <//>
    <${Group} title="What the eye sees">
      <${Plot} title="Width of dots" unit="mm" digits=${2} data=${width}
        words=${`Width of dots; half of them are under ${number(middle(width), 2)} mm`} />
      <${Plot} title="Contrast of dots" unit="absorbance" digits=${1} data=${contrast}
        words=${`Contrast of dots; half of them are under ${number(middle(contrast), 2)}`} />
    <//>`;
}

function Measures({ measures }) {
  return html`<${Group}>
    <details>
      <summary>All measures</summary>
      <table class="measures">
        <tbody>
          ${measures.map(
            ({ name, value, unit, definition }) => html`<tr key=${name}>
              <th scope="row">${plain(name.replaceAll("_", " "))}<br /><span class="note">${definition}</span></th>
              <td>${value === null ? "–" : `${number(value, 2)} ${unit === "1" ? "" : unit}`}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </details>
  <//>`;
}

export function Verdict() {
  const { verdict } = state;
  if (!verdict) return html`<${Group}><p class="note">Looking at the picture…</p><//>`;
  const index = judged(verdict);
  const measured = new Map(verdict.measures.map((m) => [m.name, m.value]));
  const [x0, y0, x1, y1] = verdict.window_mm;
  const astride = Math.abs(x0 + x1 - current().extent_mm[0]) < 2; // else left and right are not the head's
  const facts = FACTS.filter(([name]) => typeof measured.get(name) === "number" && (astride || name !== "symmetry"));
  const [title, words] = index === null ? ["It cannot be told", "There are too few dots."] : verdictWords(index);
  return html`
    <${Group}>
      <p class="score">${index === null ? "–" : share(index)}<small> of 100</small></p>
      <h2>${title}</h2>
      <p class="note">${words}</p>
      ${index !== null &&
      html`<div><${Gauge} index=${index} />
        <div class="slider"><div class="ends"><span>Flat shadow</span><span>Stubble</span></div></div></div>`}
      <dl class="facts">
        ${facts.map(([name, label, text]) => html`<dt key=${name}>${label}</dt><dd>${text(measured.get(name))}</dd>`)}
      </dl>
      <p class="note">
        Measured on the simulated picture, on ${number(x1 - x0)} × ${number(y1 - y0)} mm in the middle of what you see:
        ${" "}${number(verdict.dots)} ${verdict.dots === 1 ? "dot" : "dots"}.
      </p>
    <//>
    <${Plots} verdict=${verdict} />
    <${Measures} measures=${verdict.measures} />`;
}

// The same in one line, below every panel.
export function Strip() {
  const index = judged(state.verdict);
  const words = index === null ? "The verdict" : verdictWords(index)[0];
  const waits = state.verdict ? "Too few dots in what you see" : "Looking at the picture…";
  return html`<button class="strip" type="button" onClick=${() => set({ tab: "verdict" })}>
    <span><b>${words}</b><br /><span class="note">${index === null ? waits : `${share(index)} of 100`}</span></span>
    ${index !== null && html`<${Gauge} index=${index} />`}
  </button>`;
}
