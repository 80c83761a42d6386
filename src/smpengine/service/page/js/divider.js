// The divider: dragged, or moved by keys.

import { divide } from "./actions.js";
import { say, state } from "./state.js";
import { put, where } from "./svg.js";

const STEP = 0.02;
const LONG_STEP = 0.1;

export function makeDivider(stage, node) {
  let held = false;
  const at = (event) => where(stage.element, event)[0] / stage.element.clientWidth;
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    node.focus({ preventScroll: true });
    held = true;
  });
  node.addEventListener("pointermove", (event) => held && divide(at(event)));
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (held = false));
  node.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? LONG_STEP : STEP;
    const to = {
      ArrowLeft: state.divider - step, ArrowDown: state.divider - step, ArrowRight: state.divider + step,
      ArrowUp: state.divider + step, Home: 0, End: 1, PageUp: state.divider + LONG_STEP,
      PageDown: state.divider - LONG_STEP,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    divide(to);
  });
  return () => {
    const off = state.compare === "off";
    if (off && document.activeElement === node) say("The divider is gone");
    node.hidden = off;
    node.style.left = `${100 * state.divider}%`;
    const left = state.compare === "before" ? "before" : "as planned";
    put(node, {
      "aria-valuenow": Math.round(100 * state.divider),
      "aria-valuetext": `${Math.round(100 * state.divider)} % of the picture is ${left}`,
      "aria-label": state.compare === "before" ? "Divider between before and after" : "Divider between plan and mistake",
    });
  };
}
