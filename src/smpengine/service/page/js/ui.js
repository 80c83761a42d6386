// Parts that panels are made of.

import { h } from "../vendor/preact.mjs";
import htm from "../vendor/htm.mjs";

export const html = htm.bind(h);

const ICONS = {
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  share: "M12 15V3m0 0L8 7m4-4 4 4M5 13v6a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-6",
  help: "M9.1 9a3 3 0 1 1 4.3 2.7c-.9.5-1.4 1-1.4 2.3M12 17.5v.01M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  close: "M6 6l12 12M18 6 6 18",
  down: "m6 9 6 6 6-6",
  up: "m6 15 6-6 6 6",
};

export const Icon = ({ name, label, ...more }) => html`
  <button class="icon" type="button" aria-label=${label} title=${label} ...${more}>
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>
  </button>`;

// onDrag(value) while it moves, onRest(value) when it is let go.
export function Slider({ id, label, value, min = 0, max = 1, step = 0.01, text, low, high, onDrag, onRest }) {
  const at = `${(100 * (value - min)) / (max - min)}%`;
  return html`<div class="slider">
    <div class="row spread">
      <label class="title" for=${id}>${label}</label><span class="value" aria-hidden="true">${text}</span>
    </div>
    <input id=${id} type="range" min=${min} max=${max} step=${step} value=${value} style=${{ "--at": at }}
      aria-valuetext=${text}
      onInput=${(event) => onDrag?.(Number(event.target.value))}
      onChange=${(event) => onRest?.(Number(event.target.value))} />
    ${low && html`<div class="ends" aria-hidden="true"><span>${low}</span><span>${high}</span></div>`}
  </div>`;
}

// options: [value, content, label]
export function Choices({ name, legend, value, options, look = "", hideLegend, onChoose }) {
  return html`<fieldset>
    <legend class=${hideLegend ? "unseen" : ""}>${legend}</legend>
    <div class=${`choices ${look}`}>
      ${options.map(
        ([option, content, label]) => html`<label class="choice" key=${option}>
          <input type="radio" name=${name} checked=${option === value} aria-label=${label}
            onChange=${() => onChoose(option)} /><span>${content}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}

export const Group = ({ title, children }) => html`<section class="group">
  ${title && html`<h2>${title}</h2>`}${children}
</section>`;
