// The page put together: what is drawn when the state changes, and what is asked for first.

import { render } from "../vendor/preact.mjs";
import * as act from "./actions.js";
import * as api from "./api.js";
import { makeDivider } from "./divider.js";
import { Dialog, Header, Labels, Panel, Toasts, Tools } from "./frame.js";
import { HairlineLayer } from "./hairline.js";
import { listenToKeys } from "./keys.js";
import { PaintLayer } from "./paint.js";
import { Stage } from "./stage.js";
import { current, listen, set, state } from "./state.js";
import { Timeline } from "./timeline.js";
import { html } from "./ui.js";

const at = (id) => document.getElementById(id);

const stage = new Stage(at("stage"), { onMove: seen, onFail: act.tileFailed, onMiss: act.tilesMiss });
const overlay = at("overlay");
const layers = [new PaintLayer(stage, overlay), new HairlineLayer(stage, overlay)];
const drawDivider = makeDivider(stage, at("divider"));

// What lies over the picture moves with it.
function drawOver() {
  if (!current() || !stage.scale) return;
  for (const layer of layers) layer.draw();
  render(html`<${Labels} ruler=${stage.ruler()} />`, at("labels"));
}

function seen() {
  drawOver();
  if (current()) act.moved();
}

function draw() {
  render(html`<${Toasts} />`, at("toasts"));
  if (!current()) return;
  render(html`<${Header} />`, at("header"));
  render(html`<${Panel} />`, at("panel"));
  render(html`<${Timeline} />`, at("timeline"));
  render(html`<${Tools} stage=${stage} />`, at("tools"));
  render(html`<${Dialog} />`, at("dialog"));
  at("panel").classList.toggle("folded", state.folded);
  document.body.dataset.mode = state.mode ?? "";
  drawDivider();
  drawOver();
}

async function start() {
  try {
    const [first, choices] = await Promise.all([api.firstPlan(), api.choices()]);
    set({ choices, history: [first], at: 0 });
    await act.refresh();
  } catch (error) {
    act.fail(error);
  }
}

listen(draw);
act.begin(stage);
listenToKeys(stage);
start();
