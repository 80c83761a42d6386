// Small helpers for what is drawn over the picture.

const NS = "http://www.w3.org/2000/svg";

export function make(name, attributes = {}, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

export const put = (node, attributes) => {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
};

// A smooth curve through points (Catmull-Rom, as Beziers).
export function curve(points) {
  const at = (i) => points[Math.min(points.length - 1, Math.max(0, i))];
  let path = `M${at(0)}`;
  for (let i = 0; i + 1 < points.length; i += 1) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const first = [b[0] + (c[0] - a[0]) / 6, b[1] + (c[1] - a[1]) / 6];
    const second = [c[0] - (d[0] - b[0]) / 6, c[1] - (d[1] - b[1]) / 6];
    path += `C${first} ${second} ${c}`;
  }
  return path;
}

export const polygon = (points) => `M${points.join("L")}Z`;

export const where = (stageElement, event) => {
  const box = stageElement.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const tenth = (value) => Math.round(value * 10) / 10;
