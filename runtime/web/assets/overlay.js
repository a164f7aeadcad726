// An X-ray with its heatmap: shown one over the other, and saved as one picture.
import { state } from "./state.js";

function picture(className) {
  const image = new Image();
  image.className = className;
  image.alt = "";
  image.draggable = false;
  image.decoding = "async";
  return image;
}

// Sets src only when it differs, so that nothing flickers.
function source(image, url) {
  if (image.getAttribute("src") !== url) image.src = url;
}

// Pressing `target`, or hovering where `hover` is true, shows the bare X-ray. A press that was long
// enough to look is no click.
function addPeek(target, pair, hover) {
  const LOOK = 350;  // milliseconds
  let pressed = 0;
  const bare = (on) => pair.classList.toggle("bare", on);
  const hovers = (event) => hover && event.pointerType === "mouse";
  target.addEventListener("pointerenter", (event) => { if (hovers(event)) bare(true); });
  target.addEventListener("pointerdown", () => { pressed = performance.now(); bare(true); });
  target.addEventListener("pointerup", (event) => bare(hovers(event)));
  for (const end of ["pointerleave", "pointercancel", "blur"]) target.addEventListener(end, () => bare(false));
  target.addEventListener("contextmenu", (event) => { if (pair.classList.contains("bare")) event.preventDefault(); });
  target.addEventListener("click", (event) => {
    const looked = performance.now() - pressed > LOOK;
    if (event.detail && event.pointerType !== "mouse" && looked) event.stopImmediatePropagation();
  });
  // Space held is the keyboard's press; Enter still clicks.
  target.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); bare(true); } });
  target.addEventListener("keyup", (event) => { if (event.key === " ") { event.preventDefault(); bare(false); } });
}

// Puts an overlay into `target`. `onUnshowable` is called with an item whose file the browser cannot
// draw.
export function createOverlay(target, { hover = false, onUnshowable } = {}) {
  const pair = document.createElement("span");
  const xray = picture("xray");
  const heat = picture("heat");
  let shown = null;
  pair.className = "pair";
  pair.append(xray, heat);
  target.append(pair);
  addPeek(target, pair, hover);
  const shape = (width, height) => pair.style.setProperty("--ratio", width / height);
  xray.addEventListener("load", () => {
    pair.classList.remove("blank");
    if (!shown.answer) shape(xray.naturalWidth, xray.naturalHeight);
  });
  xray.addEventListener("error", () => { pair.classList.add("blank"); onUnshowable?.(shown); });
  function show(item) {
    const { answer } = item;
    shown = item;
    source(xray, answer?.picture ?? item.url);
    if (answer) shape(answer.image.width, answer.image.height);
    heat.hidden = !answer?.heatmap;
    if (answer?.heatmap) source(heat, answer.heatmap.png);
    pair.classList.toggle("old", Boolean(answer) && item.phase !== "done");
  }
  return { pair, xray, heat, show };
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// The overlay as it is seen, at the size of the X-ray; resolves to a PNG blob.
export async function renderOverlay({ answer }, { xray, heat }) {
  await Promise.all([xray.decode(), heat.decode()]);
  const canvas = document.createElement("canvas");
  canvas.width = answer.image.width;
  canvas.height = answer.image.height;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(xray, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = state.opacity;
  context.drawImage(heat, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The picture is too large for this browser to save.");
  return blob;
}

// What no file name may hold, and no more of a long class than tells it from others.
function inFileName(text) {
  return text.replace(/[\s/\\:*?"<>|]+/g, "-").slice(0, 40);
}

// The name tells of which class the map is: the picture alone does not.
export async function saveOverlay(item, overlay) {
  const { layer, method, class: name, from } = item.answer.heatmap;
  const stem = item.name.replace(/\.[^.]*$/, "");
  const blob = await renderOverlay(item, overlay);
  save(blob, `${[stem, ...[layer, method, name, from].map(inFileName)].join("_")}.png`);
}
