// What stands around the picture: header, tabs, labels, dialogs, toasts.

import * as act from "./actions.js";
import { Design } from "./design.js";
import { SHORTCUTS } from "./keys.js";
import { Layers } from "./layers.js";
import { current, dismiss, set, state } from "./state.js";
import { Icon, html } from "./ui.js";
import { Strip, Verdict } from "./verdict.js";
import { FAULTS, ageWords, number, plain } from "./words.js";

const TABS = [["design", "Design", Design], ["layers", "Layers", Layers], ["verdict", "Verdict", Verdict]];

export function Header() {
  const { extent_mm: [w, h], impressions } = current();
  return html`
    <div class="brand"><h1>smpengine</h1>
      <p class="note">${number(w)} × ${number(h)} mm of scalp, ${number(impressions)} dots</p></div>
    <${Icon} name="undo" label="Undo" disabled=${state.at < 1} onClick=${act.undo} />
    <${Icon} name="redo" label="Redo" disabled=${state.at + 1 >= state.history.length} onClick=${act.redo} />
    <${Icon} name="share" label="Save or open" onClick=${() => set({ dialog: "files" })} />
    <${Icon} name="help" label="Help and keys" onClick=${() => set({ dialog: "help" })} />`;
}

export function Panel() {
  const pick = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = TABS.findIndex(([name]) => name === state.tab);
    const [name] = TABS[(at + by + TABS.length) % TABS.length];
    set({ tab: name });
    document.getElementById(`tab-${name}`).focus();
  };
  const [, title, Shown] = TABS.find(([name]) => name === state.tab);
  return html`
    <div class="tabs">
      <div class="tablist" role="tablist" aria-label="Controls" onKeyDown=${pick}>
        ${TABS.map(([name, label]) => html`<button class="tab" type="button" role="tab" id=${`tab-${name}`} key=${name}
          aria-selected=${String(name === state.tab)} aria-controls="tabpanel" tabindex=${name === state.tab ? 0 : -1}
          onClick=${() => set({ tab: name, folded: false })}>${label}</button>`)}
      </div>
      <div class="fold"><${Icon} name=${state.folded ? "up" : "down"} label=${state.folded ? "Show the controls" : "Hide the controls"}
        aria-expanded=${String(!state.folded)} onClick=${() => set({ folded: !state.folded })} /></div>
    </div>
    <div class="page" role="tabpanel" id="tabpanel" aria-label=${title} tabindex="0"><${Shown} /></div>
    ${state.tab !== "verdict" && html`<${Strip} />`}`;
}

// Words on either side of the divider, and how long a millimetre is.
export function Labels({ ruler }) {
  const after = state.days === null ? "After" : plain(ageWords(state.days));
  const fault = state.fault && (FAULTS[state.fault]?.[0] ?? plain(state.fault));
  const pair = { before: ["Before", after], fault: [state.days === null ? "As planned" : after, fault] }[state.compare];
  return html`${pair && html`<span class="tag left">${pair[0]}</span><span class="tag right">${pair[1]}</span>`}
    ${ruler && html`<span class="scale" style=${{ width: `${ruler.px}px` }}>${ruler.mm} mm</span>`}`;
}

export const Tools = ({ stage }) => html`<div class="stack">
  <${Icon} name="plus" label="Zoom in" onClick=${() => stage.zoom(1.6)} />
  <${Icon} name="minus" label="Zoom out" onClick=${() => stage.zoom(1 / 1.6)} />
  <${Icon} name="whole" label="Show all of it" onClick=${() => stage.home()} />
</div>`;

function Files() {
  const pick = (event) => event.target.files[0] && act.open(event.target.files[0]);
  const view = act.pictureAddress(false);
  return html`<h2 tabindex="-1" autofocus>Save or open</h2>
    <div class="actions">
      ${view && html`<a class="button" id="save-view" href=${view} download="view.png">Picture of what is seen (PNG)</a>`}
      <a class="button" id="save-whole" href=${act.pictureAddress(true)} download="scalp.png">Picture of all of it (PNG)</a>
      <a class="button" id="save-plan" href=${act.planAddress()} download="plan.json">The plan (JSON)</a>
      <label class="button">Open a plan (JSON or TOML)
        <input class="unseen" type="file" accept=".json,.toml" onChange=${pick} /></label>
    </div>`;
}

const Help = () => html`<h2 tabindex="-1" autofocus>Help</h2>
  <p class="note">A simulation of healed pigment. Move the picture by dragging, zoom with the wheel or two fingers.
    Every change can be undone, and nothing is stored.</p>
  <dl class="shortcuts">
    ${SHORTCUTS.map(([keys, words]) => html`<dt>${keys.map((key) => html`<kbd>${key}</kbd>${" "}`)}</dt><dd>${words}</dd>`)}
  </dl>`;

// A dialog of the browser's own: it keeps the focus, and Escape closes it.
export function Dialog() {
  if (!state.dialog) return null;
  const title = state.dialog === "help" ? "Help" : "Save or open";
  const open = (node) => node && !node.open && node.showModal();
  const close = () => set({ dialog: null });
  return html`<dialog ref=${open} onClose=${close} aria-label=${title}
    onClick=${(event) => event.target.tagName === "DIALOG" && event.target.close()}>
    ${state.dialog === "help" ? html`<${Help} />` : html`<${Files} />`}
    <form method="dialog"><button class="button main wide">Close</button></form>
  </dialog>`;
}

export const Toasts = () => html`
  ${state.lost && html`<div class="toast" role="status"><p>The connection is lost. Trying again…</p></div>`}
  ${state.toasts.map(({ id, text }) => html`<div class="toast" role="alert" key=${id}><p>${text}</p>
    <${Icon} name="close" label="Close this message" onClick=${() => dismiss(id)} /></div>`)}`;
