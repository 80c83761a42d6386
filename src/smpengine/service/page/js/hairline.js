// The hairline's control points, as handles on the picture.

import { commit, preview } from "./actions.js";
import { pointsOf } from "./shapes.js";
import { current, say, set, state } from "./state.js";
import { ARROWS, curve, make, put, tenth, where } from "./svg.js";

const GAP_MM = 0.5;
const STEP_MM = 0.5;
const LONG_STEP_MM = 2.5;
const NO_SHAPE = {
  shape: null, centre_mm: null, width_mm: null, recession_mm: null, peak_mm: null,
  temple_points: false, asymmetry: 0,
};
export const patchOf = (points_mm) => ({ scalp: { hairline: { ...NO_SHAPE, points_mm } } });

export function startLine() {
  const points = pointsOf(current().plan);
  set({ tab: "design", mode: "hairline", line: points });
  say(`${points.length} points on the hairline. Tab goes from one to the next, arrow keys move it.`);
  if (!current().plan.scalp.hairline?.points_mm) commit(patchOf(points), "The hairline has points now");
}

export class HairlineLayer {
  constructor(stage, svg) {
    this.stage = stage;
    this.group = make("g", { class: "hairline" });
    this.path = make("path", { class: "line" });
    this.handles = [];
    this.held = null;
    this.group.append(this.path);
    svg.append(this.group);
  }

  draw() {
    const points = state.mode === "hairline" ? state.line : null;
    this.group.toggleAttribute("hidden", !points);
    this.group.style.display = points ? "" : "none";
    if (!points) return;
    while (this.handles.length > points.length) this.handles.pop().remove();
    while (this.handles.length < points.length) this.#add();
    const px = points.map((point) => this.stage.toPx(point));
    put(this.path, { d: curve(px) });
    points.forEach(([x, y], i) => {
      put(this.handles[i], {
        transform: `translate(${px[i]})`,
        "aria-label": `Hairline point ${i + 1} of ${points.length}`,
        "aria-valuenow": tenth(y),
        "aria-valuetext": `${tenth(x)} mm across, ${tenth(y)} mm down`,
      });
    });
  }

  #add() {
    const i = this.handles.length;
    const handle = make(
      "g",
      { class: "handle", tabindex: 0, role: "slider", "aria-orientation": "vertical", "aria-valuemin": 0,
        "aria-valuemax": current().extent_mm[1] },
      make("circle", { class: "hit", r: 22 }),
      make("circle", { class: "ring", r: 14 }),
      make("circle", { class: "dot", r: 8 }),
    );
    handle.addEventListener("pointerdown", (event) => this.#grab(event, i));
    handle.addEventListener("pointermove", (event) => this.#drag(event, i));
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => this.#letGo(i));
    handle.addEventListener("keydown", (event) => this.#key(event, i));
    this.handles.push(handle);
    this.group.append(handle);
  }

  #grab(event, i) {
    event.preventDefault();
    event.stopPropagation();
    this.handles[i].setPointerCapture(event.pointerId);
    this.handles[i].focus({ preventScroll: true });
    this.handles[i].classList.add("held");
    this.held = { i, moved: false };
  }

  #drag(event, i) {
    if (this.held?.i !== i) return;
    this.held.moved = true;
    this.#move(i, this.stage.toMm(where(this.stage.element, event)));
    preview({ patch: patchOf(state.line) });
  }

  #letGo(i) {
    if (this.held?.i !== i) return;
    const { moved } = this.held;
    this.held = null;
    this.handles[i].classList.remove("held");
    if (moved) commit(patchOf(state.line), this.#words(i));
  }

  // Points stay in order, from left to right, and on the scalp.
  #move(i, [x, y]) {
    const points = state.line.map((point) => [...point]);
    const [w, h] = current().extent_mm;
    const least = i > 0 ? points[i - 1][0] + GAP_MM : 0;
    const most = i + 1 < points.length ? points[i + 1][0] - GAP_MM : w;
    points[i] = [tenth(Math.min(most, Math.max(least, x))), tenth(Math.min(h, Math.max(0, y)))];
    set({ line: points });
  }

  #words(i) {
    const [x, y] = state.line[i];
    return `Point ${i + 1} at ${x} mm across, ${y} mm down`;
  }

  #key(event, i) {
    const arrow = ARROWS[event.key];
    const remove = event.key === "Delete" || event.key === "Backspace";
    const insert = event.key === "Insert" || event.key === "Enter";
    if (!arrow && !remove && !insert) return;
    event.preventDefault();
    event.stopPropagation();
    const points = state.line;
    if (arrow) {
      const step = event.shiftKey ? LONG_STEP_MM : STEP_MM;
      this.#move(i, [points[i][0] + step * arrow[0], points[i][1] + step * arrow[1]]);
    } else if (remove) {
      if (points.length <= 3) return;
      set({ line: points.filter((_, n) => n !== i) });
    } else addPoint(i);
    const words = arrow ? this.#words(i) : `${state.line.length} points`;
    commit(patchOf(state.line), words, "line");
  }
}

// Put a point halfway to the next one (to the one before, at the end).
function addPoint(i) {
  const points = state.line;
  const after = Math.min(i + 1, points.length - 1);
  const [a, b] = [points[after - 1], points[after]];
  if (b[0] - a[0] < 3 * GAP_MM) return;
  set({ line: [...points.slice(0, after), [tenth((a[0] + b[0]) / 2), tenth((a[1] + b[1]) / 2)], ...points.slice(after)] });
}

// Put a point into the widest gap.
export function addWidest() {
  const gaps = state.line.slice(1).map(([x], i) => x - state.line[i][0]);
  addPoint(gaps.indexOf(Math.max(...gaps)));
  commit(patchOf(state.line), `${state.line.length} points`);
}
