// A brush's stroke as a polygon: drawn into a mask, whose outer edge is followed and made simpler.

const CELLS_ACROSS_BRUSH = 20;
const MOST_CELLS = 800;
const OFF_CELLS = 0.5;

// points: [x, y] in mm along the stroke; returns corners in mm, or null where nothing was painted.
export function outline(points, size_mm, [w, h]) {
  const cell = Math.max(size_mm / CELLS_ACROSS_BRUSH, w / MOST_CELLS, h / MOST_CELLS);
  const [columns, rows] = [Math.ceil(w / cell), Math.ceil(h / cell)];
  const mask = paint(points, size_mm, cell, columns, rows);
  const loops = edges(mask, columns, rows);
  if (!loops.length) return null;
  const area = (loop) => Math.abs(loop.reduce((sum, [x, y], i) => {
    const [u, v] = loop[(i + 1) % loop.length];
    return sum + x * v - u * y;
  }, 0));
  const outer = loops.reduce((a, b) => (area(b) > area(a) ? b : a));
  const round = (value) => Math.round(value * 100) / 100;
  const corners = simpler(smoothed(outer), OFF_CELLS).map(([x, y]) => [round(Math.min(w, x * cell)), round(Math.min(h, y * cell))]);
  return corners.length >= 3 ? corners : null;
}

function paint(points, size_mm, cell, columns, rows) {
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.lineWidth = size_mm / cell;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0][0] / cell, points[0][1] / cell);
  for (const [x, y] of points) context.lineTo(x / cell + 1e-3, y / cell);
  context.stroke();
  const { data } = context.getImageData(0, 0, columns, rows);
  return (x, y) => x >= 0 && y >= 0 && x < columns && y < rows && data[4 * (y * columns + x) + 3] > 127;
}

// Every closed edge of the mask, by walking along sides of cells with what is painted on the right.
function edges(painted, columns, rows) {
  const from = new Map();
  const add = (x0, y0, x1, y1) => {
    const key = y0 * (columns + 1) + x0;
    from.set(key, [...(from.get(key) ?? []), [x1, y1]]);
  };
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      if (!painted(x, y)) continue;
      if (!painted(x, y - 1)) add(x, y, x + 1, y);
      if (!painted(x + 1, y)) add(x + 1, y, x + 1, y + 1);
      if (!painted(x, y + 1)) add(x + 1, y + 1, x, y + 1);
      if (!painted(x - 1, y)) add(x, y + 1, x, y);
    }
  }
  const loops = [];
  for (const [key] of from) {
    while (from.get(key).length) {
      const loop = [];
      for (let at = key; from.get(at)?.length; ) {
        const next = from.get(at).pop();
        loop.push(next);
        at = next[1] * (columns + 1) + next[0];
      }
      loops.push(loop);
    }
  }
  return loops;
}

// The middles of the cells' sides: stairs become slopes.
const smoothed = (loop) =>
  loop.map(([x, y], i) => {
    const [u, v] = loop[(i + 1) % loop.length];
    return [(x + u) / 2, (y + v) / 2];
  });

// Douglas and Peucker: leave out corners that lie within a distance of the line without them.
function simpler(loop, most) {
  const far = loop.reduce((best, p, i) => (distance(p, loop[0]) > distance(loop[best], loop[0]) ? i : best), 0);
  const halves = [loop.slice(0, far + 1), [...loop.slice(far), loop[0]]];
  return halves.flatMap((half) => kept(half, most).slice(0, -1));
}

const distance = ([x, y], [u, v]) => Math.hypot(x - u, y - v);

function kept(points, most) {
  const [a, b] = [points[0], points.at(-1)];
  const long = distance(a, b) || 1;
  let worst = 0;
  let at = 0;
  points.forEach(([x, y], i) => {
    const off = Math.abs((b[0] - a[0]) * (a[1] - y) - (a[0] - x) * (b[1] - a[1])) / long;
    if (off > worst) [worst, at] = [off, i];
  });
  if (worst <= most) return [a, b];
  return [...kept(points.slice(0, at + 1), most).slice(0, -1), ...kept(points.slice(at), most)];
}
