// A surface that takes what one finger does, to paint: two fingers, or the middle button of a mouse, move the
// picture under it, and two that part bring it nearer.

import { where } from "./svg.js";

const MIDDLE_BUTTON = 1;

function spread(points) {
  const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const apart = points.reduce((sum, [x, y]) => sum + Math.hypot(x - middle[0], y - middle[1]), 0);
  return { middle, apart };
}

export class Grip {
  constructor(stage) {
    this.stage = stage;
    this.release();
  }

  release() {
    this.down = new Map();
    this.held = false; // till the last finger is lifted: the one that stays longest is not to paint
  }

  // Each says whether the picture is held, and nothing to be painted.
  press(event) {
    this.down.set(event.pointerId, where(this.stage.element, event));
    this.held ||= this.down.size > 1 || event.button === MIDDLE_BUTTON;
    return this.held;
  }

  move(event) {
    if (!this.down.has(event.pointerId)) return this.held;
    const before = spread([...this.down.values()]);
    this.down.set(event.pointerId, where(this.stage.element, event));
    if (!this.held) return false;
    const after = spread([...this.down.values()]);
    this.stage.carry(before.middle, after.middle, before.apart && after.apart ? after.apart / before.apart : 1);
    return true;
  }

  lift(event) {
    const { held } = this;
    this.down.delete(event.pointerId);
    if (!this.down.size) this.held = false;
    return held;
  }
}
