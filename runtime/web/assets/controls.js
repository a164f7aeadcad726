// The settings: two sliders that need no server, four choices that ask it again.
import { summary } from "./announce.js";
import { emit, hasThreshold, on, state } from "./state.js";
import { layerText, methodName, percent } from "./text.js";

const element = (name) => document.getElementById(name);
const CHOICES = ["layer", "method", "class", "from"];

function setThreshold(value) {
  const { threshold: own, threshold_given: given } = state.model;
  const slider = element("threshold");
  state.threshold = value;
  slider.value = value;
  slider.setAttribute("aria-valuetext", percent(value));
  element("threshold-value").textContent = percent(value);
  element("threshold-reset").textContent = given
    ? `Back to ${percent(own)}, this server's threshold` : `Back to the model's ${percent(own)}`;
  element("threshold-reset").hidden = value === own;
  document.documentElement.style.setProperty("--threshold", value);
  emit("threshold");
}

// What the slider does, in words; with results, in numbers.
function explainThreshold() {
  if (!hasThreshold()) return;
  const items = state.items.filter((item) => item.answer);
  element("threshold-help").textContent =
    `Above it, the verdict is ${items.length ? summary(items) : state.model.positive}.`;
}

export function setOpacity(value) {
  state.opacity = value;
  document.documentElement.style.setProperty("--opacity", value);
  for (const name of ["opacity", "large-opacity"]) {
    element(name).value = value;
    element(name).setAttribute("aria-valuetext", `${Math.round(100 * value)}\u00a0%`);
    element(`${name}-value`).textContent = `${Math.round(100 * value)}\u00a0%`;
  }
}

function fill(name, options, chosen) {
  const select = element(name);
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

function showLegend() {
  element("legend-class").textContent = `decisive for ${state.settings.class}`;
}

function fillChoices(model) {
  fill("layer", model.layers.map((layer) => [layer.name, layerText(layer)]), model.layer);
  fill("method", model.methods.map((method) => [method, methodName(method)]), model.methods[0]);
  fill("class", model.classes.map((name) => [name, name]), model.positive ?? model.classes[0]);
  for (const name of CHOICES) {
    element(name).disabled = false;
    state.settings[name] = element(name).value;
    element(name).addEventListener("change", (event) => {
      state.settings[name] = event.target.value;
      emit("settings");
    });
  }
}

export function prepareControls(model) {
  const wide = matchMedia("(min-width: 60rem)");
  const unfold = () => { element("more").open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  fillChoices(model);
  showLegend();
  on("settings", showLegend);
  element("threshold-field").hidden = !hasThreshold();
  for (const event of ["threshold", "changed", "removed"]) on(event, explainThreshold);
  setThreshold(model.threshold);
  setOpacity(state.opacity);
  element("threshold").addEventListener("input", (event) => setThreshold(event.target.valueAsNumber));
  element("threshold-reset").addEventListener("click", () => {
    setThreshold(model.threshold);
    element("threshold").focus();
  });
  element("opacity").addEventListener("input", (event) => setOpacity(event.target.valueAsNumber));
}
