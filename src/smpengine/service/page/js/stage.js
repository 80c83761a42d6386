// The picture: a deep zoom viewer with two sides and a divider, and pictures over it while one drags.

import { frontOf } from "./shapes.js";
import { Side } from "./side.js";

const { OpenSeadragon } = window;
const SIDES = ["left", "right"];
const FIRST_MM = 110;
const SKIN_SHARE = 0.3; // of the first view, in front of the hairline
const ROUND_MM = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

export class Stage {
  // element: holds #viewer, #live-left, #live-right; onMove(): the view changed; onFail(url): a tile;
  // onMiss(missing): whether tiles of what is seen are on their way
  constructor(element, { onMove, onFail, onMiss }) {
    this.element = element;
    this.onMove = onMove;
    this.scale = null;
    this.at = 0.5;
    this.split = false;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.viewer = OpenSeadragon({
      element: element.querySelector("#viewer"),
      drawer: "canvas",
      preserveViewport: true,
      showNavigationControl: false,
      animationTime: still ? 0 : 0.6,
      blendTime: 0,
      immediateRender: true, // coarse levels show the whole scalp, and are the dearest to draw
      imageLoaderLimit: 6,
      tileRetryMax: 3,
      tileRetryDelay: 900,
      minZoomImageRatio: 0.7,
      maxZoomPixelRatio: 4,
      visibilityRatio: 0.4,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsTouch: { dblTapToZoom: true },
    });
    this.sides = Object.fromEntries(SIDES.map((name) => [name, new Side(this.viewer, name, () => this.#loaded())]));
    this.onMiss = onMiss;
    this.lives = Object.fromEntries(SIDES.map((name) => [name, this.#liveOf(name)]));
    for (const event of ["viewport-change", "resize", "open"]) {
      this.viewer.addHandler(event, () => this.#moved());
    }
    this.viewer.addHandler("tile-load-failed", ({ tile }) => onFail(tile.getUrl()));
    const canvas = this.viewer.canvas;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Picture of the scalp. Arrow keys move it, plus and minus zoom, 0 shows all.");
  }

  // Show plans: { left: {id, look} or null, right: {id, look} }.
  async show(description, wanted) {
    const { scale } = description;
    const anew = this.scale === null || ["px_per_mm", "width_px", "height_px"].some((k) => this.scale[k] !== scale[k]);
    this.scale = scale;
    this.extent = description.extent_mm;
    this.split = wanted.left !== null;
    const shown = SIDES.map((name) => this.sides[name].show(scale, wanted[name]));
    if (anew) this.viewer.world.addOnceHandler("add-item", () => this.#begin(frontOf(description.plan)));
    this.divide(this.at);
    await Promise.all(shown);
  }

  // Ask for everything anew: what failed is not asked for again by itself.
  forget() {
    for (const name of SIDES) this.sides[name].key = undefined;
  }

  home(now = false) {
    const ratio = this.scale.height_px / this.scale.width_px;
    this.viewer.viewport.fitBounds(new OpenSeadragon.Rect(0, 0, 1, ratio), now);
  }

  // Begin with the hairline, near enough to tell dots, and the stage filled.
  #begin(front_mm) {
    const { clientWidth, clientHeight } = this.element;
    const ratio = this.scale.height_px / this.scale.width_px;
    const width = Math.min(1, (ratio * clientWidth) / clientHeight, FIRST_MM / this.extent[0]);
    const height = (width * clientHeight) / clientWidth;
    const y = Math.max(0, Math.min(ratio - height, front_mm / this.extent[0] - SKIN_SHARE * height));
    this.viewer.viewport.fitBounds(new OpenSeadragon.Rect((1 - width) / 2, y, width, height), true);
  }

  zoom(factor) {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }

  pan(x_share, y_share) {
    const { viewport } = this.viewer;
    const bounds = viewport.getBounds();
    viewport.panBy(new OpenSeadragon.Point(x_share * bounds.width, y_share * bounds.height));
    viewport.applyConstraints();
  }

  // What lies under a point of the stage comes to lie under another, nearer by a factor.
  carry(from, to, nearer) {
    const { viewport } = this.viewer;
    const point = (px) => viewport.pointFromPixel(new OpenSeadragon.Point(...px), true);
    viewport.panBy(point(from).minus(point(to)), true);
    viewport.zoomBy(nearer, point(to), true);
    viewport.applyConstraints(true);
  }

  // Put the divider at a share of the stage's width.
  divide(at) {
    this.at = at;
    if (!this.scale) return;
    const share = `${100 * at}%`;
    this.lives.left.box.style.clipPath = `inset(0 calc(100% - ${share}) 0 0)`;
    this.lives.right.box.style.clipPath = this.split ? `inset(0 0 0 ${share})` : "none";
    this.#cut();
  }

  #cut() {
    if (!this.split) {
      this.sides.right.cut(null);
      return;
    }
    const { width_px: width, height_px: height } = this.scale;
    const bounds = this.viewer.viewport.getBounds(true);
    const x = Math.min(width, Math.max(0, (bounds.x + this.at * bounds.width) * width));
    const rect = (x0, x1) => new OpenSeadragon.Rect(x0, 0, Math.max(x1 - x0, 1e-3), height);
    this.sides.left.cut(rect(0, x));
    this.sides.right.cut(rect(x, width));
  }

  // What is seen: a window in mm, and a scale that the tiles have too, so that both share work.
  view() {
    const bounds = this.viewer.viewport.getBounds();
    const mm = this.scale.width_px / this.scale.px_per_mm;
    const [w, h] = this.extent;
    const x0 = Math.max(0, bounds.x * mm);
    const y0 = Math.max(0, bounds.y * mm);
    const x1 = Math.min(w, (bounds.x + bounds.width) * mm);
    const y1 = Math.min(h, (bounds.y + bounds.height) * mm);
    if (x1 <= x0 || y1 <= y0) return null;
    const seen = this.element.clientWidth / (bounds.width * mm);
    const level = Math.max(0, Math.round(Math.log2(this.scale.px_per_mm / seen)));
    return { window_mm: [x0, y0, x1, y1], px_per_mm: this.scale.px_per_mm / 2 ** level };
  }

  toPx([x_mm, y_mm]) {
    const mm = this.scale.width_px / this.scale.px_per_mm;
    const point = this.viewer.viewport.pixelFromPoint(new OpenSeadragon.Point(x_mm / mm, y_mm / mm), true);
    return [point.x, point.y];
  }

  toMm([x_px, y_px]) {
    const mm = this.scale.width_px / this.scale.px_per_mm;
    const point = this.viewer.viewport.pointFromPixel(new OpenSeadragon.Point(x_px, y_px), true);
    return [point.x * mm, point.y * mm];
  }

  get pxPerMm() {
    return this.toPx([1, 0])[0] - this.toPx([0, 0])[0];
  }

  // A length that is round in mm and near 90 px.
  ruler() {
    const scale = this.pxPerMm;
    const length = ROUND_MM.findLast((mm) => mm * scale <= 110) ?? ROUND_MM[0];
    return { mm: length, px: length * scale };
  }

  #loaded() {
    this.onMiss(SIDES.some((name) => this.sides[name].misses));
  }

  // Lay a picture over a side; what it covers comes back with it.
  lay(name, bitmap, window_mm) {
    const live = this.lives[name];
    live.canvas.width = bitmap.width;
    live.canvas.height = bitmap.height;
    live.canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    live.window = window_mm;
    live.box.hidden = false;
    this.#place(live);
  }

  lift(name) {
    this.lives[name].box.hidden = true;
  }

  #liveOf(name) {
    const box = this.element.querySelector(`#live-${name}`);
    return { box, canvas: box.querySelector("canvas"), window: null };
  }

  #place({ box, canvas, window: seen }) {
    if (box.hidden) return;
    const [x0, y0] = this.toPx(seen.slice(0, 2));
    const [x1, y1] = this.toPx(seen.slice(2));
    canvas.style.width = `${x1 - x0}px`;
    canvas.style.height = `${y1 - y0}px`;
    canvas.style.transform = `translate(${x0}px, ${y0}px)`;
  }

  #moved() {
    if (!this.scale) return;
    this.#cut();
    for (const name of SIDES) this.#place(this.lives[name]);
    this.onMove();
  }
}
