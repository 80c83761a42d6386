// The time of the picture: fresh to five years, as a slider with marks.

import * as act from "./actions.js";
import { current, set, state } from "./state.js";
import { html } from "./ui.js";
import { ageWords, marksOf } from "./words.js";

const SNAP = 0.05;

// Marks lie evenly; days go evenly from one to the next.
function positionOf(days, marks) {
  if (days === null) return marks.findIndex((mark) => mark.settled);
  const i = Math.min(marks.length - 2, marks.findLastIndex((mark) => mark.days <= days));
  return i + (days - marks[i].days) / (marks[i + 1].days - marks[i].days);
}

function daysAt(position, marks) {
  const near = Math.round(position);
  if (Math.abs(position - near) < SNAP) return marks[near].settled ? null : marks[near].days;
  const i = Math.floor(position);
  return marks[i].days + (position - i) * (marks[i + 1].days - marks[i].days);
}

export function stepAge(by) {
  const marks = marksOf(current());
  const at = positionOf(state.days, marks);
  const next = by > 0 ? Math.floor(at + 1e-6) + 1 : Math.ceil(at - 1e-6) - 1;
  if (next >= 0 && next < marks.length) act.age(daysAt(next, marks));
}

export function Timeline() {
  const marks = marksOf(current());
  const at = positionOf(state.days, marks);
  const last = marks.length - 1;
  const words = ageWords(state.days);
  return html`<div class="timeline">
    <div class="row spread"><label class="title" for="age">Time</label>
      <span class="note" aria-hidden="true">${words}</span></div>
    <input id="age" type="range" min="0" max=${last} step="0.02" value=${at} aria-valuetext=${words}
      style=${{ "--at": `${(100 * at) / last}%` }}
      onInput=${(event) => {
        const days = daysAt(Number(event.target.value), marks);
        set({ days });
        act.preview({ days });
      }}
      onChange=${(event) => act.age(daysAt(Number(event.target.value), marks))} />
    <div class="marks">
      ${marks.map((mark, i) => html`<button class="mark" type="button" key=${mark.name} title=${mark.name}
        aria-pressed=${String(Math.abs(at - i) < 0.01)} onClick=${() => act.age(mark.settled ? null : mark.days)}>
        <span class="whole">${mark.name}</span><span class="brief">${mark.brief}</span></button>`)}
    </div>
  </div>`;
}
