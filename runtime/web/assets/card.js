// One card: an image, its answer or its trouble.
import { warn } from "./announce.js";
import { openLarge } from "./dialog.js";
import { createOverlay, saveOverlay } from "./overlay.js";
import { ask, cancel } from "./queue.js";
import { classTold, on, removeItem } from "./state.js";
import { size } from "./text.js";
import { kind, showVerdict } from "./verdict.js";

const template = document.getElementById("card");
const list = document.getElementById("cards");
const cards = new Map();  // by item

function showBar(card, answer) {
  card.bar.style.setProperty("--share", answer.probability);
  card.bar.dataset.kind = kind(answer);
}

function stateText({ phase, note, answer }) {
  if (phase === "failed" && answer) return "The heatmap is still the one before.";
  if (phase !== "done" || !answer) return note;
  return `Probability of ${classTold(answer)}\n${answer.image.format},\u00a0${size(answer.image)}`;
}

// The map need not be of the class that the verdict names.
function showMapClass(card, { class: name, maximum }) {
  const strong = document.createElement("strong");
  strong.textContent = name;
  card.about.replaceChildren(...(maximum === 0
    ? ["The heatmap is empty: nothing here speaks for ", strong, "."]
    : ["Heatmap: decisive for ", strong]));
}

function show(card, item) {
  const { answer, error, phase } = item;
  card.root.dataset.phase = phase;
  card.root.setAttribute("aria-busy", String(phase === "queued" || phase === "asking"));
  card.overlay.show(item);
  card.enlarge.hidden = phase === "failed" && !answer;
  card.enlarge.disabled = !answer;
  card.verdict.hidden = card.bar.hidden = card.about.hidden = card.save.hidden = !answer;
  card.state.textContent = stateText(item);
  card.trouble.hidden = !error;
  card.trouble.textContent = error?.message ?? "";
  card.retry.hidden = !error?.again;
  if (answer) showAnswer(card, item);
}

function showAnswer(card, item) {
  showVerdict(card.verdict, item.answer);
  showBar(card, item.answer);
  showMapClass(card, item.answer.heatmap);
  if (item.phase === "done") askForPicture(item);
}

function askForPicture(item) {
  if (item.needsPicture && !item.answer?.picture && !item.pictureAsked) ask([item]);
}

function onUnshowable(item) {
  item.needsPicture = true;
  if (item.phase === "done") askForPicture(item);
}

async function saveCard(card, item) {
  try {
    await saveOverlay(item, card.overlay);
  } catch (error) {
    warn(`${item.name}: ${error.message}`);
    card.trouble.hidden = false;
    card.trouble.textContent = "The picture could not be saved: this browser could not draw it.";
  }
}

// The focus goes to the neighbour's button, not to the top of the page.
function removeCard(card, item) {
  const neighbour = card.root.nextElementSibling ?? card.root.previousElementSibling;
  cancel([item]);
  removeItem(item);
  (neighbour?.querySelector(".remove") ?? document.getElementById("files")).focus();
}

function createCard(item) {
  const root = template.content.firstElementChild.cloneNode(true);
  const card = { root };
  for (const part of ["enlarge", "name", "verdict", "bar", "about", "state", "trouble", "retry", "save", "remove"]) {
    card[part] = root.querySelector(`.${part}`);
  }
  card.name.textContent = item.name;
  card.name.title = item.name;
  card.enlarge.setAttribute("aria-label", `Enlarge ${item.name}`);
  for (const part of ["retry", "save", "remove"]) {
    card[part].setAttribute("aria-label", `${card[part].textContent}: ${item.name}`);
  }
  card.overlay = createOverlay(card.enlarge, { hover: true, onUnshowable });
  card.enlarge.addEventListener("click", () => openLarge(item));
  card.retry.addEventListener("click", () => { ask([item]); card.remove.focus(); });
  card.save.addEventListener("click", () => saveCard(card, item));
  card.remove.addEventListener("click", () => removeCard(card, item));
  return card;
}

// Where the page is one column, a new card is far below what was pressed to get it. The focus stays.
export function bringIntoView(item) {
  if (!matchMedia("(max-width: 59.99rem)").matches) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  cards.get(item).root.scrollIntoView({ block: "start", behavior: calm ? "instant" : "smooth" });
}

export function showCards() {
  on("added", (item) => {
    const card = createCard(item);
    cards.set(item, card);
    list.append(card.root);
    show(card, item);
  });
  on("changed", (item) => {
    if (cards.has(item)) show(cards.get(item), item);
  });
  on("removed", (item) => {
    cards.get(item).root.remove();
    cards.delete(item);
  });
  on("left", (item) => cards.get(item)?.enlarge.focus());  // the large view
  on("threshold", () => {
    for (const [item, card] of cards) if (item.answer) showAnswer(card, item);
  });
}
