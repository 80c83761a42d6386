// The panel of what is seen: sessions on and off, and what the picture is compared with.

import { compare, toggle } from "./actions.js";
import { current, state } from "./state.js";
import { Choices, Group, html } from "./ui.js";
import { FAULTS, layerName, layerWords, number, plain } from "./words.js";

export const colourOf = (n) => `s${((n - 1) % 4) + 1}`;

function Layer({ session }) {
  const { number: n, day } = session;
  const id = `session-${n}`;
  return html`<label class="layer" for=${id}>
    <i class=${`chip ${colourOf(n)}`} aria-hidden="true"></i>
    <span class="title">${layerName(session)} <span class="note">· day ${number(day)}</span></span>
    <input id=${id} class="switch" type="checkbox" role="switch" checked=${!state.hidden.includes(n)}
      aria-describedby=${`${id}-words`} onChange=${() => toggle(n)} />
    <span class="note" id=${`${id}-words`}>${layerWords(session)}</span>
  </label>`;
}

export function Layers() {
  const { sessions, notes } = current();
  const kinds = [["off", "Nothing"], ["before", "Bare skin"], ["fault", "A mistake"]];
  const first = state.choices.faults[0];
  const fault = state.fault ?? first;
  return html`
    <${Group} title="Sessions">
      ${sessions.length
        ? [...sessions].reverse().map((session) => html`<${Layer} key=${session.number} session=${session} />`)
        : html`<p class="note">The plan has no sessions.</p>`}
      ${notes.map((note) => html`<p class="note">${note}</p>`)}
    <//>
    <${Group} title="Compare with">
      <${Choices} name="compare" legend="Compare with" hideLegend look="keys" value=${state.compare} options=${kinds}
        onChoose=${(kind) => compare(kind, kind === "fault" ? fault : state.fault)} />
      ${state.compare === "fault" &&
      html`<p class="note">${FAULTS[fault]?.[1]}</p>
        <${Choices} name="fault" legend="Which mistake" hideLegend value=${fault}
          options=${state.choices.faults.map((name) => [name, FAULTS[name]?.[0] ?? plain(name)])}
          onChoose=${(name) => compare("fault", name)} />`}
    <//>`;
}
