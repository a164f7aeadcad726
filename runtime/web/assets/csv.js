// All results as a table for spreadsheets (RFC 4180).
import { state, verdict } from "./state.js";

const COLUMNS = ["name", "probability", "class", "threshold", "model", "layer", "method", "width", "height"];

// A text that begins like a formula would be run by the spreadsheet; an apostrophe keeps it a text.
function defuse(text) {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function field(value) {
  const text = typeof value === "number" ? String(value) : defuse(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function row({ name, answer }) {
  const { probability, model, heatmap, image } = answer;
  return [name, probability, verdict(answer), state.threshold, model,
    heatmap.layer, heatmap.method, image.width, image.height];
}

export function resultsAsCsv() {
  const rows = [COLUMNS, ...state.items.filter((item) => item.answer).map(row)];
  return rows.map((values) => `${values.map(field).join(",")}\r\n`).join("");
}
