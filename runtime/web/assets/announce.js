// What a screen reader hears. Several results at nearly the same time become one sentence.
import { isPositive, on, state, verdict } from "./state.js";
import { count, percent } from "./text.js";

const PAUSE = 700;  // milliseconds

const polite = document.getElementById("status");
const urgent = document.getElementById("alert");
let answered = [];
let failed = [];
let clock = 0;

export function say(text) {
  polite.textContent = text;
}

export function warn(text) {
  urgent.textContent = text;
}

export function summary(items) {
  const found = items.filter((item) => isPositive(item.answer)).length;
  return `${state.model.positive}: ${found} of ${count(items.length, "image")}`;
}

function sayAnswers() {
  const items = answered.filter((item) => state.items.includes(item));
  answered = [];
  if (items.length === 1) {
    const { name, answer } = items[0];
    say(`${name}: ${verdict(answer)}, ${percent(answer.probability)}`);
  } else if (items.length) {
    say(`${count(items.length, "answer")}. ${summary(items)}.`);
  }
}

function sayFailures() {
  const [first, ...others] = failed.filter((item) => item.error);
  failed = [];
  if (!first) return;
  const more = others.length ? ` ${count(others.length, "more image")} failed.` : "";
  warn(`${first.name}: ${first.error.message}${more}`);
}

function later(list, item) {
  list.push(item);
  clearTimeout(clock);
  clock = setTimeout(() => { sayAnswers(); sayFailures(); }, PAUSE);
}

export function announceResults() {
  on("answered", (item) => later(answered, item));
  on("failed", (item) => later(failed, item));
}
