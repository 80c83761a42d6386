// What the page knows, and whom it tells. Nothing else holds state that two parts need.

export const state = {
  choices: null,
  history: [], // descriptions of plans; undo goes back in it
  at: -1,
  days: null, // since the last session; null is settled
  hidden: [], // numbers of the sessions that are switched off
  light: 0, // of the picture, in stops
  compare: "before", // off, before, fault
  fault: null,
  divider: 0.5,
  mode: null, // hairline, paint
  draft: {}, // values of sliders that are being dragged
  line: null, // control points of the hairline, while they are edited
  brush: { strength: 1.5, size_mm: 10, feather_mm: 4 },
  tab: "design",
  folded: false,
  verdict: null,
  dialog: null,
  toasts: [],
  lost: false,
};

const listeners = new Set();
let due = 0;

export const listen = (listener) => listeners.add(listener);

// Change some of it; everyone is told before the next frame.
export function set(changes) {
  Object.assign(state, changes);
  if (!due) due = requestAnimationFrame(tell);
}

function tell() {
  due = 0;
  for (const listener of listeners) listener(state);
}

export const current = () => state.history[state.at] ?? null;

// Say something to who cannot see the picture.
export function say(words) {
  const status = document.getElementById("status");
  status.textContent = status.textContent === words ? `${words}\u00a0` : words;
}

let count = 0;

export function toast(lines) {
  const shown = new Set(state.toasts.map((each) => each.text));
  const fresh = lines.filter((text) => !shown.has(text)).map((text) => ({ id: (count += 1), text }));
  if (fresh.length) set({ toasts: [...state.toasts, ...fresh].slice(-4) });
}

export const dismiss = (id) => set({ toasts: state.toasts.filter((each) => each.id !== id) });
