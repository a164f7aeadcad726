// What the page knows, and who wants to hear when it changes.

export const state = {
  model: null,      // the answer of GET /api/v1/model
  threshold: 0.5,
  opacity: 0.4,
  settings: {},     // layer, method, class, from: sent with every request
  items: [],        // in the order of their arrival
};

const listeners = new Map();

export function on(event, listener) {
  if (!listeners.has(event)) listeners.set(event, []);
  listeners.get(event).push(listener);
}

export function emit(event, detail) {
  for (const listener of listeners.get(event) ?? []) listener(detail);
}

// An image on the page. `url` is what the browser shows; `phase` is "queued", "asking", "done" or
// "failed"; an answer stays while a new one is asked for. A file that the browser cannot draw needs a
// picture from the server.
export function addItem(name, file) {
  const item = { name, file, url: URL.createObjectURL(file), phase: "queued", note: "",
    answer: null, error: null,
    needsPicture: false, pictureAsked: false };
  state.items.push(item);
  emit("added", item);
  return item;
}

export function removeItem(item) {
  state.items.splice(state.items.indexOf(item), 1);
  URL.revokeObjectURL(item.url);
  emit("removed", item);
}

// Only one class of two is held against the threshold. A model of more has no positive class: its
// verdict is the likeliest one, which the server knows.
export function hasThreshold() {
  return typeof state.model.positive === "string";
}

// Above the threshold, not at it, as everywhere in Pneuma.
export function isPositive(answer) {
  return hasThreshold() && answer.probability > state.threshold;
}

export function verdict(answer) {
  const { classes, positive } = state.model;
  if (!hasThreshold()) return answer.class;
  return isPositive(answer) ? positive : classes.find((name) => name !== positive);
}

// The class whose probability the answer's one number is.
export function classTold(answer) {
  return state.model.positive ?? answer.class;
}
