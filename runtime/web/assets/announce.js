// What a screen reader hears. Several results at nearly the same time become one sentence.
import { hasThreshold, isPositive, on, state, verdict } from "./state.js";
import { count, names, percent } from "./text.js";

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

// How often each class is the likeliest, the most frequent first.
function tally(items) {
  const times = new Map();
  for (const { answer } of items) times.set(verdict(answer), (times.get(verdict(answer)) ?? 0) + 1);
  const sorted = [...times].sort(([, a], [, b]) => b - a);
  return `${count(items.length, "image")}: ${names(sorted.map(([name, number]) => `${number} ${name}`), 3)}`;
}

export function summary(items) {
  if (!hasThreshold()) return tally(items);
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
