// Areas that are painted on the picture: each stroke is a region of the plan, later ones on top.

import { commit, preview, refresh } from "./actions.js";
import { Grip } from "./grip.js";
import { current, say, set, state } from "./state.js";
import { ARROWS, curve, make, polygon, put, where } from "./svg.js";
import { outline } from "./trace.js";
import { STRENGTHS } from "./words.js";

const PAINTED = "painted";
const STEP_MM = 1;
const LONG_STEP_MM = 5;

export const painted = (plan) =>
  plan.scalp.regions
    .map((region, index) => ({ ...region, index }))
    .filter((region) => region.name.startsWith(PAINTED));

// A plan without regions is treated everywhere; with the first one it would be treated there alone.
function regionsWith(plan, region) {
  const { regions, extent_mm: [w, h] } = plan.scalp;
  const all = { name: "everywhere", polygon_mm: [[0, 0], [w, 0], [w, h], [0, h]], density: 1 };
  return [...(regions.length ? regions : [all]), region];
}

function regionOf(points) {
  const { strength, size_mm, feather_mm } = state.brush;
  const corners = outline(points, size_mm, current().extent_mm);
  if (!corners) return null;
  const [, , words] = STRENGTHS.find(([density]) => density === strength);
  return { name: `${PAINTED}: ${words}`, polygon_mm: corners, density: strength, feather_mm };
}

const patchOf = (region) => ({ scalp: { regions: regionsWith(current().plan, region) } });

export function removeArea(index) {
  const regions = current().plan.scalp.regions.filter((_, i) => i !== index);
  commit({ scalp: { regions } }, "Area removed");
}

export function startPaint() {
  set({ tab: "design", mode: "paint" });
  say("Painting. Drag on the picture, two fingers move it; or move the brush with arrow keys, space starts and ends a stroke.");
}

export class PaintLayer {
  constructor(stage, svg) {
    this.stage = stage;
    this.grip = new Grip(stage);
    this.stroke = null;
    this.at = null;
    this.pen = false;
    this.group = make("g", { class: "paint" });
    this.areas = make("g");
    this.path = make("path", { class: "stroke" });
    this.brush = make("circle", { class: "brush" });
    this.sheet = make("rect", {
      class: "sheet", width: "100%", height: "100%", tabindex: 0, role: "application",
      "aria-label": "Surface to paint on. Arrow keys move the brush, space starts and ends a stroke.",
    });
    this.group.append(this.areas, this.path, this.brush, this.sheet);
    svg.append(this.group);
    this.sheet.addEventListener("pointerdown", (event) => this.#down(event));
    this.sheet.addEventListener("pointermove", (event) => this.#move(event));
    this.sheet.addEventListener("pointerup", (event) => this.grip.lift(event) || this.#up());
    this.sheet.addEventListener("pointercancel", (event) => this.grip.lift(event) || this.#drop());
    this.sheet.addEventListener("keydown", (event) => this.#key(event));
    this.sheet.addEventListener("wheel", (event) => {
      event.preventDefault();
      stage.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
    });
  }

  draw() {
    const on = state.mode === "paint";
    this.group.style.display = on ? "" : "none";
    if (!on) {
      this.grip.release();
      this.stroke = null;
      this.pen = false;
      return;
    }
    const px = (points) => points.map((point) => this.stage.toPx(point));
    this.areas.replaceChildren(
      ...painted(current().plan).map(({ polygon_mm }) => make("path", { class: "area", d: polygon(px(polygon_mm)) })),
    );
    const width = state.brush.size_mm * this.stage.pxPerMm;
    const drawn = this.stroke ? px(this.stroke) : [];
    put(this.path, { d: drawn.length ? curve([...drawn, drawn.at(-1)]) : "", "stroke-width": width });
    this.at ??= this.stage.toMm([this.stage.element.clientWidth / 2, this.stage.element.clientHeight / 2]);
    const [cx, cy] = this.stage.toPx(this.at);
    put(this.brush, { cx, cy, r: width / 2 });
  }

  #down(event) {
    event.preventDefault();
    this.sheet.setPointerCapture(event.pointerId);
    if (this.grip.press(event)) {
      this.#drop();
      return;
    }
    this.at = this.stage.toMm(where(this.stage.element, event));
    this.stroke = [this.at];
    this.draw();
  }

  #move(event) {
    if (this.grip.move(event)) return;
    this.at = this.stage.toMm(where(this.stage.element, event));
    if (this.stroke && !this.pen) this.#extend();
    this.draw();
  }

  #extend() {
    const [x, y] = this.stroke.at(-1);
    if (Math.hypot(this.at[0] - x, this.at[1] - y) < state.brush.size_mm / 12) return;
    this.stroke.push(this.at);
    const region = regionOf(this.stroke);
    if (region) preview({ patch: patchOf(region) });
  }

  // The stroke was none: what it has shown is taken back.
  #drop() {
    if (!this.stroke) return;
    this.stroke = null;
    this.pen = false;
    this.draw();
    refresh();
  }

  #up() {
    const points = this.stroke;
    this.stroke = null;
    this.pen = false;
    const region = points && regionOf(points);
    this.draw();
    if (region) commit(patchOf(region), `Area painted: ${region.name.slice(PAINTED.length + 2)}`);
  }

  #key(event) {
    const arrow = ARROWS[event.key];
    if (!arrow && event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (arrow) {
      const [w, h] = current().extent_mm;
      const step = event.shiftKey ? LONG_STEP_MM : STEP_MM;
      this.at = [
        Math.min(w, Math.max(0, this.at[0] + step * arrow[0])),
        Math.min(h, Math.max(0, this.at[1] + step * arrow[1])),
      ];
      if (this.pen) this.#extend();
    } else if (this.pen) this.#up();
    else if (event.key === " ") {
      this.pen = true;
      this.stroke = [this.at];
      say("Brush is down");
    }
    this.draw();
  }
}
