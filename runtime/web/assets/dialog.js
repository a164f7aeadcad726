// The large view of one image. Arrow keys go to its neighbours, Escape closes.
import { warn } from "./announce.js";
import { setOpacity } from "./controls.js";
import { createOverlay, saveOverlay } from "./overlay.js";
import { emit, on, state } from "./state.js";
import { heatmapText, names, percent, seconds, size } from "./text.js";
import { showVerdict } from "./verdict.js";

const part = (name) => document.getElementById(`large-${name}`);
const dialog = document.getElementById("large");
let overlay = null;
let current = null;

function answered() {
  return state.items.filter((item) => item.answer);
}

// Of many classes the likeliest come first; two stay where they are from image to image.
function shares({ probabilities }) {
  const all = Object.entries(probabilities);
  if (all.length > 2) all.sort(([, a], [, b]) => b - a);
  return names(all.map(([name, share]) => `${name} ${percent(share)}`), 5);
}

function facts({ answer }) {
  return `${shares(answer)}. ${heatmapText(answer.heatmap)}. `
    + `${answer.image.format},\u00a0${size(answer.image)}, answered in ${seconds(answer.seconds)}.`;
}

function show() {
  part("name").textContent = current.name;
  part("facts").textContent = facts(current);
  showVerdict(part("verdict"), current.answer);
  overlay.show(current);
  part("previous").disabled = part("next").disabled = answered().length < 2;
}

function step(by) {
  const items = answered();
  current = items.at((items.indexOf(current) + by) % items.length);
  setBare(false);
  show();
}

function setBare(bare) {
  part("bare").setAttribute("aria-pressed", String(bare));
  part("view").classList.toggle("bare-held", bare);
}

function onKey(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.target === part("opacity") || answered().length < 2) return;
  event.preventDefault();
  step(by);
}

export function openLarge(item) {
  current = item;
  setBare(false);
  show();
  dialog.showModal();
}

export function prepareDialog() {
  overlay = createOverlay(part("view"));
  part("close").addEventListener("click", () => dialog.close());
  part("previous").addEventListener("click", () => step(-1));
  part("next").addEventListener("click", () => step(1));
  part("bare").addEventListener("click", () => setBare(part("bare").getAttribute("aria-pressed") !== "true"));
  part("save").addEventListener("click", () => saveOverlay(current, overlay).catch((error) => warn(error.message)));
  part("opacity").addEventListener("input", (event) => setOpacity(event.target.valueAsNumber));
  dialog.addEventListener("keydown", onKey);
  dialog.addEventListener("close", () => emit("left", current));
  on("changed", (item) => { if (dialog.open && item === current && item.answer) show(); });
  on("threshold", () => { if (dialog.open) show(); });
}
