// The panel that changes the plan: skin, light, how full and how crisp, hairline, areas.

import { commit, look, preview } from "./actions.js";
import { addWidest, startLine } from "./hairline.js";
import { painted, removeArea, startPaint } from "./paint.js";
import { current, set, state } from "./state.js";
import { Choices, Group, Slider, html } from "./ui.js";
import { SHAPES, SKINS, STRENGTHS, number, plain } from "./words.js";

const AGES_YEARS = [16, 90];
const USUAL_AGE_YEARS = 35; // the engine's own, where the plan says nothing

// A slider that is one number of the plan.
function dial(name, label, low, high) {
  const value = state.draft[name] ?? current().plan[name];
  const say = (v) => `${number(100 * v)} %`;
  return html`<${Slider} id=${name} label=${label} value=${value} text=${say(value)} low=${low} high=${high}
    onDrag=${(v) => {
      set({ draft: { [name]: v } });
      preview({ patch: { [name]: v } });
    }}
    onRest=${(v) => commit({ [name]: v }, `${label} ${say(v)}`, name)} />`;
}

function Skin() {
  const { skin } = current().plan;
  const options = state.choices.skins.map((type) => {
    const { name, type: shown, colour } = SKINS[type] ?? { name: type, type, colour: "#a77" };
    return [
      type,
      html`<i class="swatch" style=${{ background: colour }}></i><span class="note">${shown}</span>`,
      `${name}, type ${shown}`,
    ];
  });
  const choose = (type) =>
    commit({ skin: { type, melanosome_fraction: null, table: null } }, `${SKINS[type]?.name ?? type} skin`);
  return html`<${Choices} name="skin" legend="Skin" look="skins" value=${skin.type} options=${options}
    onChoose=${choose} />`;
}

// Even skin shows the pigment alone; its natural patches, pores and spots follow from type and age.
function Surface() {
  const { skin: { complexion }, client } = current().plan;
  const choose = (natural) =>
    commit({ skin: { complexion: natural ? {} : null } }, natural ? "Natural skin" : "Even skin");
  const years = state.draft.age_years ?? complexion?.age_years ?? client?.age_years ?? USUAL_AGE_YEARS;
  const patch = (age_years) => ({ skin: { complexion: { age_years } } });
  const say = (v) => `${number(v)} years`;
  return html`<${Choices} name="surface" legend="Surface of the skin" hideLegend look="keys" value=${Boolean(complexion)}
      options=${[[false, "Even skin"], [true, "Natural skin"]]} onChoose=${choose} />
    ${complexion && html`<${Slider} id="age_years" label="Age of the skin" min=${AGES_YEARS[0]} max=${AGES_YEARS[1]} step=${1}
      value=${years} text=${say(years)} low="Young" high="Old"
      onDrag=${(age_years) => {
        set({ draft: { age_years } });
        preview({ patch: patch(age_years) });
      }}
      onRest=${(age_years) => commit(patch(age_years), `Skin of ${say(age_years)}`, "age_years")} />`}`;
}

function Light() {
  const say = (v) => (v === 0 ? "As planned" : `${v > 0 ? "+" : "−"}${number(Math.abs(v), 1)} stops`);
  return html`<${Slider} id="light" label="Light" min=${-1} max=${1} step=${0.05} value=${state.light}
    text=${say(state.light)} low="Dim" high="Bright"
    onDrag=${(light) => {
      set({ light });
      preview({ light });
    }}
    onRest=${(light) => look({ light }, `Light: ${say(light)}`)} />`;
}

const done = html`<button class="button main wide" type="button" onClick=${() => set({ mode: null })}>Done</button>`;

function Hairline() {
  const { hairline } = current().plan.scalp;
  const shape = hairline?.shape ?? (hairline?.points_mm ? "own" : "none");
  const shapes = state.choices.shapes.map((name) => [name, SHAPES[name] ?? plain(name)]);
  if (shape === "own") shapes.unshift(["own", "As drawn"]);
  const choose = (name) =>
    name !== "own" && commit({ scalp: { hairline: { shape: name, points_mm: null } } }, `${SHAPES[name] ?? name} hairline`);
  const style = (name) => commit({ scalp: { hairline: { style: name, feather_mm: null } } }, `${plain(name)} edge`);
  return html`<${Group} title="Hairline">
    <${Choices} name="shape" legend="Shape of the hairline" hideLegend value=${shape} options=${shapes} onChoose=${choose} />
    ${shape !== "none" &&
    html`<${Choices} name="style" legend="Edge of the hairline" hideLegend look="keys" value=${hairline.style}
      options=${[["natural", "Natural edge"], ["defined", "Defined edge"]]} onChoose=${style} />`}
    <button class="button wide" type="button" onClick=${startLine}>Edit the hairline</button>
  <//>`;
}

const HairlineTool = () => html`<${Group} title="Hairline">
  <p class="note">Drag the points on the picture. With keys: Tab to a point, arrows move it, Enter adds one, Delete takes
    it away.</p>
  <button class="button wide" type="button" onClick=${addWidest}>Add a point</button>
  ${done}
<//>`;

function AreaList() {
  const list = painted(current().plan);
  return list.length > 0 && html`<ul>
    ${list.map(
      ({ index, name }) => html`<li class="row spread" key=${index}>
        <span>${plain(name.replace("painted: ", ""))}</span>
        <button class="button" type="button" onClick=${() => removeArea(index)}
          aria-label=${`Remove this area: ${name}`}>Remove</button>
      </li>`,
    )}
  </ul>`;
}

const Areas = () => html`<${Group} title="Areas">
  <button class="button wide" type="button" onClick=${startPaint}>Paint an area</button>
  <${AreaList} />
<//>`;

function PaintTool() {
  const { brush } = state;
  const change = (changes) => set({ brush: { ...brush, ...changes } });
  const mm = (v) => `${number(v, v % 1 ? 1 : 0)} mm`;
  return html`<${Group} title="Paint an area">
    <p class="note">Paint on the picture. Circle a place to fill all of it. Two fingers move the picture.</p>
    <${Choices} name="strength" legend="What the brush does" hideLegend look="keys" value=${brush.strength}
      options=${STRENGTHS.map(([v, words]) => [v, words])} onChoose=${(strength) => change({ strength })} />
    <${Slider} id="brush" label="Brush" min=${2} max=${40} step=${1} value=${brush.size_mm} text=${mm(brush.size_mm)}
      onDrag=${(size_mm) => change({ size_mm })} />
    <${Slider} id="feather" label="Soft edge" min=${0} max=${20} step=${0.5} value=${brush.feather_mm}
      text=${mm(brush.feather_mm)} onDrag=${(feather_mm) => change({ feather_mm })} />
    <${AreaList} />
    ${done}
  <//>`;
}

// The tool that is in hand has the panel to itself.
export function Design() {
  if (state.mode === "hairline") return html`<${HairlineTool} />`;
  if (state.mode === "paint") return html`<${PaintTool} />`;
  return html`
    <${Group}>
      <${Skin} />
      <${Surface} />
      <${Light} />
    <//>
    <${Group} title="Look">
      ${dial("fullness", "Fullness", "Sparse", "Dense")} ${dial("texture", "Texture", "Soft shade", "Crisp stubble")}
    <//>
    <${Hairline} />
    <${Areas} />`;
}
