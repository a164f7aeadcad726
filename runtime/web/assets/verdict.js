// How a verdict looks.
import { classTold, hasThreshold, isPositive, verdict } from "./state.js";
import { percent } from "./text.js";

// Green and red are for yes and no; the likeliest of many classes is neither.
export function kind(answer) {
  if (!hasThreshold()) return "likeliest";
  return isPositive(answer) ? "positive" : "negative";
}

// A verdict is told by its words and the form of its sign, not by its colour alone.
export function showVerdict(element, answer) {
  const badge = document.createElement("strong");
  badge.className = `badge ${kind(answer)}`;
  badge.textContent = verdict(answer);
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = `Probability of ${classTold(answer)}:`;
  const number = document.createElement("span");
  number.className = "number";
  number.textContent = percent(answer.probability);
  element.replaceChildren(badge, words, number);
}
