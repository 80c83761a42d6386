// What things are called, in words that a client understands.

export const SKINS = {
  "I-II": { name: "Fair", type: "I–II", colour: "#c39a8e" },
  "III-IV": { name: "Medium", type: "III–IV", colour: "#8a6045" },
  V: { name: "Brown", type: "V", colour: "#704729" },
  VI: { name: "Dark", type: "VI", colour: "#583215" },
};

export const FAULTS = {
  "too-deep": ["Too deep", "Pigment lies too deep: dots spread and turn grey-blue."],
  "too-dark": ["Too dark", "Pigment that is too strong for this skin and hair."],
  "too-big": ["Dots too big", "Dots wider than a shaved hair."],
  "too-dense": ["Too dense", "So many dots that they close up."],
  merged: ["Merged dots", "Neighbours run into one another."],
  "ink-migration": ["Ink migration", "Pigment wanders from where it was put."],
  "blue-green-fading": ["Blue-green fading", "Years later the colour turns."],
  "straight-hairline": ["Ruler hairline", "A front edge as straight as no hair grows."],
  "sharp-border": ["Sharp border", "The edge stops instead of thinning out."],
  uneven: ["Patchy", "Some places hold more dots than others."],
  mirrored: ["Mirrored", "Left and right are copies of each other."],
};

export const SHAPES = {
  rounded: "Rounded",
  straight: "Straight",
  "widows-peak": "Widow’s peak",
  receded: "Receded",
  "m-shape": "M-shape",
};

export const STRENGTHS = [
  [0, "Bare", "leave bare"],
  [0.5, "Lighter", "lighter"],
  [1, "As planned", "as planned"],
  [1.5, "Fuller", "fuller"],
];

const LAYERS = {
  foundation: "Foundation",
  definition: "Definition",
  texture: "Texture",
  "flat-shadow": "Flat shadow",
};

export const layerName = (session) => LAYERS[session.name] ?? `Session ${session.number}`;

export const plain = (name) => name.replaceAll("-", " ").replace(/^./, (c) => c.toUpperCase());

export const number = (value, digits = 0) =>
  value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });

// What a layer is, in one line.
export function layerWords(session) {
  const wide = number(2 * session.radius_mm, 2);
  const deep = number(session.depth_mm, 2);
  return `${number(session.impressions)} dots of ${wide} mm, ${deep} mm deep`;
}

// The marks of the timeline: days after the last session; null is settled, before any ageing.
export function marksOf(description) {
  const settled = description.settled_day - lastDay(description);
  return [
    { days: 0, name: "Fresh", brief: "Fresh" },
    { days: 7, name: "1 week", brief: "1 wk" },
    { days: 30, name: "1 month", brief: "1 mo" },
    { days: settled, name: "Settled", brief: "Settled", settled: true },
    { days: 365, name: "1 year", brief: "1 yr" },
    { days: 3 * 365.25, name: "3 years", brief: "3 yr" },
    { days: 5 * 365.25, name: "5 years", brief: "5 yr" },
  ];
}

export const lastDay = (description) =>
  description.last_day ?? Math.max(0, ...description.sessions.map((session) => session.day));

export function ageWords(days) {
  if (days === null) return "Settled";
  if (days < 0.5) return "Fresh, on the day of the last session";
  if (days < 20) return `${number(days)} ${Math.round(days) === 1 ? "day" : "days"} after the last session`;
  if (days < 60) return `${number(days / 7)} weeks after the last session`;
  if (days < 700) return `${number(days / 30.44)} months after the last session`;
  return `${number(days / 365.25, 1)} years after the last session`;
}

export function verdictWords(index) {
  if (index >= 0.75) return ["Reads as stubble", "Single dots stand out, as shaved hair does."];
  if (index >= 0.4) return ["Between stubble and shadow", "Dots can be seen, but shade fills the gaps."];
  return ["Reads as a flat shadow", "Dots have run together or cannot be told apart."];
}

// The few measures that a client asks about: words, and how the number is said.
export const FACTS = [
  ["dot_fwhm_mm", "Width of a dot", (v) => `${number(v, 2)} mm`],
  ["dot_contrast", "Darker than the skin around it", (v) => `${number(100 * (1 - Math.exp(-v)))} %`],
  ["density_per_cm2", "Dots that can be seen", (v) => `${number(v)} per cm²`],
  ["border_width_mm", "Edge softens over", (v) => `${number(v, 1)} mm`],
  ["evenness_cv", "Uneven beyond chance", (v) => `${number(100 * v)} %`],
  ["symmetry", "Left against right", (v) => `${number(100 * v)} %`],
];
