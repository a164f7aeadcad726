// Where images come from: the file chooser, the clipboard, files and folders dropped, samples.
import { getSample } from "./api.js";
import { warn } from "./announce.js";

const IMAGE = /\.(jpe?g|png|bmp|gif|p[gpn]m|tiff?|webp)$/i;  // in folders, which hold other things too

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

// A folder's reader gives its entries in parts, an empty one last.
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return all.sort((a, b) => a.name.localeCompare(b.name));
    all.push(...entries);
  }
}

async function filesIn(entry) {
  if (entry.isFile) return [await fileOf(entry)];
  const files = [];
  for (const child of await entriesOf(entry)) {
    if (child.isDirectory || IMAGE.test(child.name)) files.push(...await filesIn(child));
  }
  return files;
}

async function dropped(transfer) {
  // Both lists are empty once the event is over.
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  return (await Promise.all(entries.map(filesIn))).flat();
}

function acceptDrops(add) {
  const zone = document.getElementById("drop");
  let depth = 0;  // enter and leave come for every element below, too
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("over", depth > 0);
  };
  addEventListener("dragenter", () => mark(1));
  addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    mark(-depth);
    try {
      add(await dropped(event.dataTransfer));
    } catch {
      warn("The browser could not read what was dropped.");
    }
  });
}

function acceptPaste(add) {
  let pasted = 0;  // browsers call them all "image.png"
  addEventListener("paste", (event) => {
    const rename = (file) => new File([file], `pasted-${++pasted}-${file.name}`, { type: file.type });
    add([...event.clipboardData.files].map(rename));
  });
}

function sampleButton(sample, add) {
  const entry = document.createElement("li");
  const button = document.createElement("button");
  const image = new Image();
  button.type = "button";
  image.src = sample.url;
  image.alt = sample.name;
  button.append(image);
  button.title = sample.name;
  button.addEventListener("click", async () => {
    try {
      add([await getSample(sample)]);
    } catch (error) {
      warn(`${sample.name}: ${error.message}`);
    }
  });
  entry.append(button);
  return entry;
}

// Calls `add` with files, whichever way they come.
export function acceptFiles(samples, add) {
  const chooser = document.getElementById("files");
  chooser.addEventListener("change", () => {
    add([...chooser.files]);
    chooser.value = "";  // so that the same file can be chosen again
  });
  acceptDrops(add);
  acceptPaste(add);
  document.getElementById("samples").hidden = !samples.length;
  document.getElementById("sample-list").append(...samples.map((sample) => sampleButton(sample, add)));
}
