// Keys that work anywhere on the page, but where one writes.

import * as act from "./actions.js";
import { startLine } from "./hairline.js";
import { startPaint } from "./paint.js";
import { current, set, state } from "./state.js";
import { stepAge } from "./timeline.js";

export const SHORTCUTS = [
  [["?"], "This help"],
  [["Ctrl Z", "Ctrl Shift Z"], "Undo, redo"],
  [["+", "−", "0"], "Zoom in, out, show all"],
  [["Shift + arrows"], "Move the picture (arrows alone while it has the focus)"],
  [["D"], "Go to the divider; arrows move it"],
  [["B"], "Compare with bare skin, or with nothing"],
  [["M"], "Compare with the next mistake"],
  [["[", "]"], "Earlier, later"],
  [["1", "2", "3", "…"], "Session on or off"],
  [["H"], "Edit the hairline"],
  [["P"], "Paint an area"],
  [["Esc"], "Leave hairline or painting"],
  [["S"], "Save or open"],
];

function nextFault() {
  const { faults } = state.choices;
  act.compare("fault", faults[(faults.indexOf(state.compare === "fault" ? state.fault : null) + 1) % faults.length]);
}

const leave = (start, mode) => () => (state.mode === mode ? set({ mode: null }) : start());

const actions = (stage) => ({
  "?": () => set({ dialog: "help" }),
  "+": () => stage.zoom(1.6),
  "=": () => stage.zoom(1.6),
  "-": () => stage.zoom(1 / 1.6),
  0: () => stage.home(),
  d: () => document.getElementById("divider").focus(),
  b: () => act.compare(state.compare === "before" ? "off" : "before"),
  m: nextFault,
  "[": () => stepAge(-1),
  "]": () => stepAge(1),
  h: leave(startLine, "hairline"),
  p: leave(startPaint, "paint"),
  s: () => set({ dialog: "files" }),
  Escape: () => set({ mode: null }),
});

const PANS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

export function listenToKeys(stage) {
  const simple = actions(stage);
  addEventListener("keydown", (event) => {
    if (!current() || state.dialog || event.defaultPrevented || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      const redo = key === "y" || (key === "z" && event.shiftKey);
      if (!redo && key !== "z") return;
      event.preventDefault();
      if (redo) act.redo();
      else act.undo();
      return;
    }
    const onPicture = event.target.closest?.("#viewer");
    if (onPicture && !event.shiftKey && /^Arrow|^[-+=0]$/.test(event.key)) return;
    const session = /^[1-9]$/.test(key) && current().sessions.find((each) => each.number === Number(key));
    const slides = event.target.matches?.("input[type=range], input[type=radio], [role=slider], [role=tab]");
    if (PANS[event.key] && event.shiftKey && !slides) stage.pan(...PANS[event.key]);
    else if (session) act.toggle(session.number);
    else if (simple[key]) simple[key]();
    else return;
    event.preventDefault();
  });
}
