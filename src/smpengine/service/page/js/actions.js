// What one can do: each changes the state, the picture, or the plan, and says so.

import * as api from "./api.js";
import { Line } from "./live.js";
import { current, say, set, state, toast } from "./state.js";
import { ageWords, lastDay } from "./words.js";

const EXPOSURE = 1.103; // the engine's own, where the plan says nothing
const REST_MS = 350;
const MOST_STEPS = 200;
const MEASURED_MM = { least: 12, most: 40, step: 2 }; // sides of what the verdict is of

let stage = null;
let lines = null;
let queue = Promise.resolve();
let dragging = 0;
let verdictTimer = 0;
let verdictStop = null;
let verdictOf = null;

export function begin(given) {
  stage = given;
  lines = Object.fromEntries(
    ["left", "right"].map((name) => [
      name,
      new Line((sent, answer, bitmap) => stage.lay(name, bitmap, sent.window_mm), toast),
    ]),
  );
}

export function fail(error) {
  if (error.name === "AbortError") return;
  if (error instanceof api.Lost) lose();
  else toast(error.lines ?? [String(error.message ?? error)]);
}

// --- how the plan is looked at

function lookOf(changes = {}) {
  const { days, hidden, light } = { ...state, ...changes };
  const { plan, sessions } = current();
  const look = {};
  if (days !== null) look.day = Math.round((lastDay(current()) + days) * 100) / 100;
  if (hidden.length) look.sessions = sessions.map((s) => s.number).filter((n) => !hidden.includes(n));
  if (light) look.exposure = Math.round((plan.render?.exposure ?? EXPOSURE) * 2 ** light * 1e4) / 1e4;
  return look;
}

// What either side shows; null where there is no such side.
function looks(changes = {}) {
  const look = lookOf(changes);
  if (state.compare === "before") {
    const bare = { ...look, sessions: [] };
    delete bare.day;
    return { left: bare, right: look };
  }
  if (state.compare === "fault" && state.fault) return { left: look, right: { ...look, faults: [state.fault] } };
  return { left: null, right: look };
}

const compared = () => state.compare === "before" || (state.compare === "fault" && state.fault);

// Bring the picture and the verdict up to date.
export async function refresh() {
  const shown = current();
  const wanted = looks();
  const sides = Object.fromEntries(
    Object.entries(wanted).map(([name, look]) => [name, look && { id: shown.id, look }]),
  );
  const drag = (dragging += 1);
  for (const line of Object.values(lines)) line.stop();
  busy(1);
  askVerdict();
  soon(sides);
  try {
    await stage.show(shown, sides);
  } finally {
    busy(-1);
  }
  if (drag !== dragging) return;
  for (const name of ["left", "right"]) {
    lines[name].stop();
    stage.lift(name);
  }
}

// While tiles are drawn a picture of what is seen comes before them; both share what is drawn.
function soon(sides) {
  const view = stage.scale && stage.view();
  for (const [name, wanted] of Object.entries(sides)) {
    if (!view || !stage.sides[name].differs(wanted)) continue;
    lines[name].ask({ plan: wanted.id, ...view, ...wanted.look, format: "jpg" });
  }
}

let inHand = 0;
let tilesMissing = false;

function busy(step) {
  inHand += step;
  showBusy();
}

// The view has moved to what is not drawn yet, or has all its tiles now.
export function tilesMiss(missing) {
  tilesMissing = missing;
  showBusy();
}

function showBusy() {
  const works = inHand > 0 || tilesMissing;
  document.getElementById("busy").hidden = !works;
  document.body.dataset.busy = works;
}

// The middle of what is seen, in whole steps: to move a little is to see the same.
function measured() {
  const view = stage.scale && stage.view();
  if (!view) return null;
  const { least, most, step } = MEASURED_MM;
  const whole = (mm) => step * Math.round(mm / step);
  const [x0, y0, x1, y1] = view.window_mm;
  const along = (from, to, end) => {
    const side = Math.min(end, Math.max(least, whole(Math.min(most, to - from))));
    const first = Math.min(end - side, Math.max(0, whole((from + to - side) / 2)));
    return [first, first + side];
  };
  const [width, height] = current().extent_mm;
  const [[left, right], [top, bottom]] = [along(x0, x1, width), along(y0, y1, height)];
  return [left, top, right, bottom];
}

async function judge() {
  verdictStop?.abort();
  const { signal } = (verdictStop = new AbortController());
  const window = measured();
  verdictOf = String(window);
  try {
    set({ verdict: await api.verdict(current().id, lookOf(), window, signal) });
  } catch (error) {
    if (error.name !== "AbortError") {
      set({ verdict: null });
      fail(error);
    }
  }
}

// Judge anew once it rests.
function askVerdict() {
  verdictStop?.abort();
  verdictOf = null;
  moved();
}

// The view is another: so is what the verdict is of, once it rests.
export function moved() {
  clearTimeout(verdictTimer);
  verdictTimer = setTimeout(() => {
    if (String(measured()) !== verdictOf) judge();
  }, REST_MS);
}

// Show what a change would look like while it is being made.
export function preview({ patch, ...changes }) {
  const view = stage.view();
  if (!view) return;
  dragging += 1;
  for (const [name, look] of Object.entries(looks(changes))) {
    const bare = name === "left" && state.compare === "before";
    if (!look || (bare && changes.light === undefined)) continue;
    lines[name].ask({ plan: current().id, ...(patch && { patch }), ...view, ...look, format: "jpg" });
  }
}

// --- what one looks at

export function look(changes, words) {
  set({ ...changes, draft: {} });
  if (words) say(words);
  return refresh();
}

export const age = (days) => look({ days }, ageWords(days));

export function toggle(session) {
  const off = state.hidden.includes(session);
  const hidden = off ? state.hidden.filter((n) => n !== session) : [...state.hidden, session];
  return look({ hidden }, `Session ${session} ${off ? "shown" : "hidden"}`);
}

export function compare(kind, fault = state.fault) {
  const words = { off: "Comparing nothing", before: "Bare skin left of the divider" };
  return look({ compare: kind, fault }, words[kind] ?? "The mistake is right of the divider");
}

export function divide(at) {
  const divider = Math.min(1, Math.max(0, at));
  set({ divider });
  stage.divide(divider);
}

// --- the plan

function show(made) {
  const history = [...state.history.slice(0, state.at + 1), made].slice(-MOST_STEPS);
  const numbers = made.sessions.map((session) => session.number);
  const hidden = state.hidden.filter((number) => numbers.includes(number));
  set({ history, at: history.length - 1, hidden });
}

// What is shown while it is dragged is the plan's again.
const settle = () => set({ draft: {}, line: current().plan.scalp.hairline?.points_mm ?? null });

const waiting = [];

// Change the plan. Changes follow one another, each made to what the one before it left; one that
// waits gives way to a newer one of the same slot.
export function commit(patch, words, slot = null) {
  const last = waiting.at(-1);
  if (slot && last?.slot === slot) return Object.assign(last, { patch, words }).done;
  const job = { patch, words, slot, drag: (dragging += 1) };
  waiting.push(job);
  queue = queue.then(() => make(waiting.shift()));
  job.done = queue;
  return queue;
}

async function make({ patch, words, drag }) {
  busy(1);
  try {
    const before = current();
    const made = await kept(before, () => api.patch(before.id, patch));
    if (made.id !== before.id) {
      show(made);
      if (words) say(words);
    }
    if (drag === dragging) settle();
  } catch (error) {
    settle();
    fail(error);
  } finally {
    busy(-1);
  }
  if (!waiting.length) refresh();
}

// The service drops plans that nobody asked for of late: give it back what it should know.
async function kept(before, work) {
  try {
    return await work();
  } catch (error) {
    if (error.status !== 404) throw error;
    await api.add(JSON.stringify(before.plan));
    return work();
  }
}

let reviving = null;

// A tile did not come: bring the plan back if it was dropped, or say what is wrong.
export function tileFailed() {
  reviving ??= (async () => {
    try {
      const shown = current();
      await kept(shown, () => api.plan(shown.id));
    } catch (error) {
      fail(error);
    } finally {
      setTimeout(() => (reviving = null), 2000);
    }
  })();
}

function step(by, words) {
  const at = state.at + by;
  if (!state.history[at]) return;
  set({ at });
  settle();
  say(words);
  refresh();
}

export const undo = () => step(-1, "Undone");
export const redo = () => step(1, "Done again");

export async function open(file) {
  try {
    const text = await file.text();
    const toml = /\.toml$/i.test(file.name);
    show(await api.add(text, toml ? "application/toml" : "application/json"));
    set({ mode: null, days: null, hidden: [], dialog: null });
    settle();
    say(`${file.name} opened`);
    await refresh();
  } catch (error) {
    fail(error);
  }
}

// --- files

export function pictureAddress(whole) {
  const view = whole ? { window_mm: [0, 0, ...current().extent_mm] } : stage.view();
  if (!view) return null;
  const [x0, y0, x1, y1] = view.window_mm;
  const most = current().scale.px_per_mm;
  const px_per_mm = Math.min(most, 4000 / Math.max(x1 - x0, y1 - y0));
  const window = view.window_mm.map((mm) => mm.toFixed(3)).join(",");
  const more = { plan: current().id, window, px_per_mm: px_per_mm.toFixed(3) };
  return api.address(`window.png?${api.queryOf(lookOf(), more)}`);
}

export const planAddress = () => api.address(`api/plans/${current().id}/plan.json`);

// --- the connection

let mending = false;

export async function lose() {
  if (mending) return;
  mending = true;
  set({ lost: true });
  say("The connection is lost; trying again");
  for (let wait = 1; ; wait = Math.min(wait * 1.5, 8)) {
    await new Promise((done) => setTimeout(done, 1000 * wait));
    try {
      await api.health();
      break;
    } catch {
      continue;
    }
  }
  mending = false;
  set({ lost: false });
  say("Connected again");
  if (current()) {
    stage.forget();
    refresh();
  } else location.reload();
}
