// All results as a table for spreadsheets (RFC 4180). The heatmap has columns of its own: its class need
// not be the verdict, and its score is what the gradient was taken from.
import { hasThreshold, state, verdict } from "./state.js";

const COLUMNS = ["name", "probability", "verdict", "threshold", "model", "heatmap_class", "heatmap_score",
  "heatmap_layer", "heatmap_method", "width", "height", "error"];

// A text that begins like a formula would be run by the spreadsheet; an apostrophe keeps it a text.
function defuse(text) {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function field(value) {
  const text = typeof value === "number" ? String(value) : defuse(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// An image without an answer has a row, too: a table that leaves some out would look complete.
function row({ name, answer, error }) {
  const trouble = error?.message ?? "";
  if (!answer) return [name, ...Array(COLUMNS.length - 2).fill(""), trouble || "Not answered yet."];
  const { probability, model, heatmap, image } = answer;
  return [name, probability, verdict(answer), hasThreshold() ? state.threshold : "", model, heatmap.class, heatmap.from,
    heatmap.layer, heatmap.method, image.width, image.height, trouble];
}

export function resultsAsCsv() {
  const rows = [COLUMNS, ...state.items.map(row)];
  return rows.map((values) => `${values.map(field).join(",")}\r\n`).join("");
}
