// Where a plan's hairline lies.

import { tenth } from "./svg.js";

// How far back a shape lies at shares of the way from its middle to its end, about as the engine has it.
const BACKS = {
  rounded: [0, 0.06, 0.25, 0.56, 1],
  straight: [0, 0, 0.04, 0.2, 1],
  "widows-peak": [-0.6, 0.1, 0.3, 0.6, 1],
  receded: [0, 0.02, 0.3, 0.8, 1],
  "m-shape": [0, 0.2, 0.9, 0.95, 0.5],
};
const RECESSIONS_MM = { rounded: 12, straight: 5, "widows-peak": 9, receded: 20, "m-shape": 18 };

// Points for a hairline that is a shape, or for a plan that has none.
export function pointsOf(plan) {
  const [w, h] = plan.scalp.extent_mm;
  const line = plan.scalp.hairline ?? {};
  if (line.points_mm) return line.points_mm;
  const shape = line.shape ?? "rounded";
  const [cx, cy] = line.centre_mm ?? [w / 2, h / 4];
  const half = (line.width_mm ?? 0.8 * w) / 2;
  const back = Math.min(line.recession_mm ?? RECESSIONS_MM[shape], h - cy);
  const right = BACKS[shape].map((b, i) => [tenth(cx + (half * i) / 4), tenth(Math.max(0, cy + back * b))]);
  const left = right.slice(1).reverse().map(([x, y]) => [tenth(2 * cx - x), y]);
  return [...left, ...right];
}

// The foremost of it; the top of a plan that is treated everywhere.
export const frontOf = (plan) =>
  plan.scalp.hairline ? Math.min(...pointsOf(plan).map(([, y]) => y)) : 0;
