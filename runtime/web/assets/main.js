// The page: asks for the model, then connects files, queue, cards and settings.
import { announceResults, say, summary } from "./announce.js";
import { getModel } from "./api.js";
import { bringIntoView, showCards } from "./card.js";
import { prepareControls } from "./controls.js";
import { resultsAsCsv } from "./csv.js";
import { prepareDialog } from "./dialog.js";
import { acceptFiles } from "./files.js";
import { save } from "./overlay.js";
import { ask, cancel } from "./queue.js";
import { addItem, hasThreshold, on, removeItem, state } from "./state.js";
import { count, names, sentence, size } from "./text.js";

const MOST = 200;  // images on the page; more would make it slow
const SOURCES = {
  notebook: "the model that notebook 2 saved",
  shipped: "the small model that comes with Pneuma",
  given: "the model that the server was started with",
};

const element = (name) => document.getElementById(name);

function showBanner(message) {
  element("banner").textContent = message;
  element("banner").hidden = !message;
}

function classesText({ classes }) {
  if (classes.length <= 2) return `It tells ${classes.join(" from ")}`;
  return `It tells ${classes.length} classes apart (${names(classes)})`;
}

function showFacts(model) {
  const name = document.createElement("strong");
  name.textContent = model.name;
  const data = model.trained_on ? sentence(`trained on: ${model.trained_on}`) : "On what it was trained is not recorded.";
  element("facts").replaceChildren(name,
    `, ${SOURCES[model.source] ?? "a model"}. ${classesText(model)}, and sees each image as `
    + `${size(model.input)} pixels${model.input.channels === 1 ? " of grey" : ""}. ${data}`);
  for (const warning of document.querySelectorAll(".synthetic")) warning.hidden = model.synthetic !== true;
  element("where").textContent = model.keeps
    ? "They go to this server, which keeps a copy." : "They go to this server and nowhere else.";
  if (!hasThreshold()) element("verdict-is").textContent = ": the likeliest of the classes.";
  element("version").textContent = `Pneuma ${model.version} · model file ${model.file}`;
}

function add(files) {
  const taken = files.slice(0, Math.max(0, MOST - state.items.length));
  const left = files.length - taken.length;
  showBanner(left ? `The page holds at most ${MOST} images: ${count(left, "image")} were left out.` : "");
  if (!taken.length) return;
  say(`${count(taken.length, "image")} added`);
  const items = taken.map((file) => addItem(file.name, file));
  ask(items);
  bringIntoView(items[0]);
}

function showSummary() {
  const items = state.items.filter((item) => item.answer);
  element("summary").textContent = items.length ? summary(items) : "";
  element("csv").disabled = !items.length && !state.items.some((item) => item.error);
  element("tools").hidden = !state.items.length;
  element("empty").hidden = state.items.length > 0;
}

function showProgress({ done, total }) {
  element("progress").hidden = done === total;
  element("progress-bar").max = Math.max(total, 1);
  element("progress-bar").value = done;
  element("progress-text").textContent = `${done} of ${count(total, "image")} answered`;
}

// What failed for a reason that stays, stays as it is.
function askAgain() {
  const items = state.items.filter((item) => item.answer || item.phase !== "failed" || item.error.again);
  if (items.length) say(`Asking for ${count(items.length, "heatmap")}`);
  ask(items);
}

function prepareTools() {
  element("csv").addEventListener("click", () => {
    save(new Blob([resultsAsCsv()], { type: "text/csv;charset=utf-8" }), "predictions.csv");
  });
  element("clear").addEventListener("click", () => {
    cancel(state.items);
    for (const item of [...state.items]) removeItem(item);
    say("All images removed");
    element("files").focus();
  });
}

async function start() {
  try {
    state.model = await getModel();
  } catch (error) {
    element("facts").textContent = "";
    document.querySelector("main").hidden = true;
    showBanner(error.again ? `${error.message} Reload this page to try again.` : error.message);
    return;
  }
  showFacts(state.model);
  announceResults();
  showCards();
  prepareDialog();
  prepareControls(state.model);
  prepareTools();
  for (const event of ["added", "changed", "removed", "threshold"]) on(event, showSummary);
  on("progress", showProgress);
  on("settings", askAgain);
  acceptFiles(state.model.samples, add);
  element("files").disabled = false;
  document.documentElement.dataset.ready = "true";
}

start();
