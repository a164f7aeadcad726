// Sends items to the server, a few at a time, and waits where it is busy.
import { predict, Trouble } from "./api.js";
import { emit, state } from "./state.js";
import { megabytes } from "./text.js";

const AT_ONCE = 3;
const TRIES = 6;

const waiting = [];
const running = new Set();
let total = 0;  // items since the queue was last empty

function change(item, phase, note = "") {
  item.phase = phase;
  item.note = note;
  emit("changed", item);
}

function report() {
  const left = waiting.length + running.size;
  emit("progress", { done: total - left, total });
  if (!left) total = 0;
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const clock = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => { clearTimeout(clock); reject(signal.reason); });
  });
}

async function persist(item, signal) {
  const picture = item.needsPicture && !item.answer?.picture;
  item.pictureAsked ||= picture;
  for (let attempt = 1; ; attempt++) {
    try {
      return await predict(item.file, item.name, state.settings, picture, signal);
    } catch (error) {
      if (error.status !== 503 || attempt === TRIES) throw error;
      change(item, "asking", `The server is busy: waiting ${error.retryAfter} s, then try ${attempt + 1} of ${TRIES}`);
      await pause(error.retryAfter, signal);
    }
  }
}

function keep(item, answer) {
  item.error = null;
  item.answer = { ...answer, picture: answer.picture ?? item.answer?.picture };
  change(item, "done");
  emit("answered", item);
}

async function run(item) {
  const { signal } = item.controller;
  running.add(item);
  change(item, "asking", item.answer ? "Asking for the new heatmap…" : "Asking the network…");
  try {
    const answer = await persist(item, signal);
    if (signal.aborted) return;  // someone asked again or removed the item, and took it off the list
    keep(item, answer);
  } catch (error) {
    if (signal.aborted) return;
    item.error = error instanceof Trouble ? error : new Trouble(`The page failed: ${error.message}`);
    change(item, "failed");
    emit("failed", item);
  }
  running.delete(item);
  pump();
}

function pump() {
  report();
  while (running.size < AT_ONCE && waiting.length) run(waiting.shift());
}

// Takes the item off the queue, wherever it is.
function withdraw(item) {
  item.controller?.abort();
  const place = waiting.indexOf(item);
  if (place >= 0) waiting.splice(place, 1);
  else if (!running.delete(item)) return;
  total--;
}

export function cancel(items) {
  items.forEach(withdraw);
  pump();
}

// Asks (again) for these items with the settings as they are now; older requests end.
export function ask(items) {
  items.forEach(withdraw);
  for (const item of items) {
    item.controller = new AbortController();
    item.error = null;
    const limit = state.model.max_upload;
    if (item.file.size > limit) {
      item.error = new Trouble(`The file is larger than ${megabytes(limit)}, the most that the server takes.`);
      change(item, "failed");
      emit("failed", item);
      continue;
    }
    waiting.push(item);
    total++;
    change(item, "queued", item.answer ? "Waiting for the new heatmap" : "Waiting");
  }
  pump();
}
