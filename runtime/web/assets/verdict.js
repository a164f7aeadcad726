// How a verdict looks.
import { isPositive, state, verdict } from "./state.js";
import { percent } from "./text.js";

// A verdict is told by its words and the form of its sign, not by its colour alone.
export function showVerdict(element, answer) {
  const positive = isPositive(answer);
  const badge = document.createElement("strong");
  badge.className = positive ? "badge positive" : "badge negative";
  badge.textContent = verdict(answer);
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = `Probability of ${state.model.positive}:`;
  const number = document.createElement("span");
  number.className = "number";
  number.textContent = percent(answer.probability);
  element.replaceChildren(badge, words, number);
}
