// What the page asks of the service. Every address is relative to where the page is.

const base = new URL("./", document.baseURI);
const TRIES = 4;

// An answer that says what is wrong, one line each.
export class Refusal extends Error {
  constructor(status, lines) {
    super(lines.join("\n"));
    this.status = status;
    this.lines = lines;
  }
}

// No answer at all.
export class Lost extends Error {}

export const address = (path) => new URL(path, base).href;

export function lineAddress() {
  const url = new URL("live", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

async function refusalOf(answer) {
  try {
    const said = await answer.json();
    const lines = said.errors?.length ? said.errors : [said.detail ?? said.title];
    return new Refusal(answer.status, lines);
  } catch {
    return new Refusal(answer.status, [`${answer.status} ${answer.statusText}`.trim()]);
  }
}

// Ask, and come again when the service has too much in hand.
async function ask(path, options = {}) {
  for (let left = TRIES; ; left -= 1) {
    let answer;
    try {
      answer = await fetch(address(path), options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Lost(String(error));
    }
    if (answer.ok) return answer.json();
    const busy = answer.status === 429 || answer.status === 503;
    if (!busy || left <= 1) throw await refusalOf(answer);
    await pause(Math.min(5, Number(answer.headers.get("Retry-After")) || 1));
  }
}

const send = (method, type, body) => ({ method, body, headers: { "Content-Type": type } });

export const firstPlan = () => ask("api/plan");
export const plan = (id) => ask(`api/plans/${id}`);
export const choices = () => ask("api/choices");
export const health = () => ask("health");
export const patch = (id, change) =>
  ask(`api/plans/${id}`, send("PATCH", "application/merge-patch+json", JSON.stringify(change)));
export const add = (text, type = "application/json") => ask("api/plans", send("POST", type, text));
export const verdict = (id, look, window, signal) =>
  ask(`api/plans/${id}/verdict?${queryOf(look, window ? { window: window.join(",") } : {})}`, { signal });

// A look as query parameters.
export function queryOf(look, more = {}) {
  const query = new URLSearchParams(more);
  if (look.day !== undefined) query.set("day", look.day);
  if (look.sessions !== undefined) query.set("sessions", look.sessions.join(","));
  for (const fault of look.faults ?? []) query.append("fault", fault);
  if (look.exposure !== undefined) query.set("exposure", look.exposure);
  return query.toString();
}
