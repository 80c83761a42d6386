// One side of the divider: a tiled picture, and the one that takes its place once all of it is there.

import { address, queryOf } from "./api.js";

const PATIENCE_MS = 12000;
const TILE_KIND = "jpg";

// Levels as the service has them: 0 is the whole in one tile, each next twice as large.
export function sourceOf(scale, id, look) {
  return {
    width: scale.width_px,
    height: scale.height_px,
    tileSize: scale.tile_px,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: scale.max_zoom,
    getTileUrl: (level, x, y) =>
      address(`tiles/${level}/${x}/${y}.${TILE_KIND}?${queryOf(look, { plan: id, edge: "cut" })}`),
  };
}

const keyOf = ({ id, look }) => JSON.stringify([id, look]);

export class Side {
  // onLoad(): a tile was missing and is there, or the other way
  constructor(viewer, name, onLoad) {
    this.viewer = viewer;
    this.name = name;
    this.onLoad = onLoad;
    this.key = null;
    this.item = null;
    this.coming = null;
    this.clip = null;
    this.timer = 0;
  }

  // Tell whether tiles of what is on the screen are on their way.
  get misses() {
    return this.item !== null && !this.item.getFullyLoaded();
  }

  // Tell whether something else is on the screen than what is wanted there.
  differs(wanted) {
    return this.item !== null && wanted !== null && this.key !== keyOf(wanted);
  }

  // Show a plan as it is looked at; the promise is kept when it is on the screen.
  show(scale, wanted) {
    const key = wanted && keyOf(wanted);
    if (key === this.key) return this.shown;
    this.key = key;
    this.#drop();
    if (!wanted) {
      if (this.item) this.viewer.world.removeItem(this.item);
      this.item = null;
      this.onLoad();
      this.shown = Promise.resolve();
      return this.shown;
    }
    this.shown = new Promise((done) => this.#open(key, scale, wanted, done));
    return this.shown;
  }

  // Cut what is shown at the divider; in the picture's pixels, null for all of it.
  cut(clip) {
    this.clip = clip;
    for (const item of [this.item, this.coming]) item?.setClip(clip);
  }

  #open(key, scale, wanted, done) {
    this.viewer.addTiledImage({
      tileSource: sourceOf(scale, wanted.id, wanted.look),
      x: 0,
      y: 0,
      width: 1,
      index: 0, // below the old one, which hides it till all of it is there
      success: ({ item }) => {
        if (this.key !== key) {
          this.viewer.world.removeItem(item);
          done();
          return;
        }
        item.setClip(this.clip);
        this.coming = item;
        this.done = done;
        const swap = () => this.coming === item && this.#swap();
        this.timer = setTimeout(swap, PATIENCE_MS);
        item.addHandler("fully-loaded-change", ({ fullyLoaded }) => {
          if (fullyLoaded) swap();
          this.onLoad();
        });
        if (item.getFullyLoaded()) swap();
      },
      error: () => done(),
    });
  }

  #swap() {
    clearTimeout(this.timer);
    const before = this.item;
    this.item = this.coming;
    this.coming = null;
    if (before) this.viewer.world.removeItem(before);
    this.onLoad();
    this.done();
  }

  #drop() {
    clearTimeout(this.timer);
    if (!this.coming) return;
    this.viewer.world.removeItem(this.coming);
    this.coming = null;
    this.done();
  }
}
