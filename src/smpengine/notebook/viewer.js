// A canvas that wishes for frames: one wish in hand, and the newest that waits behind it.
// Until a frame comes, the last one is shown where it lies now.

const LEAST = 0.25, MOST = 200, STEP = 1.2;

function render({ model, el }) {
  const width = model.get("width_px"), height = model.get("height_px");
  let [across, down] = model.get("extent_mm");
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
  const view = { x: 0, y: 0, scale: 1, light: 1, before: false };

  const root = document.createElement("div");
  root.className = "smpengine";
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: width * ratio, height: height * ratio, tabIndex: 0 });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The scalp from above. Arrow keys move, plus and minus zoom, 0 shows all.");
  const row = document.createElement("div");
  row.className = "row";
  row.innerHTML =
    '<label>Light <input type="range" min="0.4" max="2" step="0.02" value="1"></label>' +
    '<label><input type="checkbox"> Before</label><output></output>';
  root.append(canvas, row);
  el.append(root);
  const [light, before] = row.querySelectorAll("input");
  const told = row.querySelector("output");
  const pen = canvas.getContext("2d");

  let number = 0, inHand = false, waiting = false, last = null;

  function paint() {
    told.textContent = `${(100 / view.scale).toPrecision(3)} mm to 100 px`;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!last) return;
    const scale = view.scale * ratio, by = scale / last.px_per_mm;
    pen.drawImage(
      last.picture, (last.x_mm - view.x) * scale, (last.y_mm - view.y) * scale,
      last.picture.width * by, last.picture.height * by,
    );
  }

  function wish() {
    paint();
    if (inHand) { waiting = true; return; }
    inHand = true;
    waiting = false;
    number += 1;
    model.send({
      number, x_mm: view.x, y_mm: view.y, px_per_mm: view.scale * ratio,
      width_px: Math.round(width * ratio), height_px: Math.round(height * ratio),
      light: view.light, before: view.before,
    });
  }

  async function take(said, buffers) {
    if (said.number !== number) return;
    if (said.error) told.textContent = said.error;
    else {
      const frame = new Blob([buffers[0]], { type: "image/jpeg" });
      const picture = await createImageBitmap(frame).catch(() => null);
      if (picture) last = { ...said, picture };
      paint();
      if (!picture) told.textContent = "The kernel sent a frame that is no picture.";
    }
    inHand = false;
    if (waiting) wish();
  }

  function zoom(by, at = { x: width / 2, y: height / 2 }) {
    const scale = Math.min(Math.max(view.scale * by, LEAST), MOST);
    view.x += at.x / view.scale - at.x / scale;
    view.y += at.y / view.scale - at.y / scale;
    view.scale = scale;
    wish();
  }

  function refresh() {
    const extent = model.get("extent_mm");
    if (extent[0] === across && extent[1] === down) { wish(); return; }
    [across, down] = extent;
    whole();
  }

  function whole() {
    view.scale = Math.min(width / across, height / down);
    view.x = (across - width / view.scale) / 2;
    view.y = (down - height / view.scale) / 2;
    wish();
  }

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? STEP : 1 / STEP, { x: event.offsetX, y: event.offsetY });
  }, { passive: false });
  const fingers = new Map(); // or a mouse: where each is, in CSS pixels
  const middle = () => {
    const at = [...fingers.values()];
    return { x: at.reduce((sum, one) => sum + one.x, 0) / at.length,
             y: at.reduce((sum, one) => sum + one.y, 0) / at.length };
  };
  const apart = () => {
    const [one, two] = fingers.values();
    return two ? Math.max(Math.hypot(one.x - two.x, one.y - two.y), 1) : 1;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const from = middle(), before_apart = apart();
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    const to = middle();
    view.x -= (to.x - from.x) / view.scale;
    view.y -= (to.y - from.y) / view.scale;
    zoom(apart() / before_apart, to);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
    canvas.addEventListener(name, (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("keydown", (event) => {
    const step = 40 / view.scale;
    const keys = {
      ArrowLeft: () => { view.x -= step; wish(); }, ArrowRight: () => { view.x += step; wish(); },
      ArrowUp: () => { view.y -= step; wish(); }, ArrowDown: () => { view.y += step; wish(); },
      "+": () => zoom(STEP), "=": () => zoom(STEP), "-": () => zoom(1 / STEP), 0: whole,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  light.addEventListener("input", () => { view.light = Number(light.value); wish(); });
  before.addEventListener("change", () => { view.before = before.checked; wish(); });
  model.on("msg:custom", take);
  model.on("change:version", refresh);
  whole();
  return () => { model.off("msg:custom", take); model.off("change:version", refresh); };
}

export default { render };
