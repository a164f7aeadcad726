// Numbers and names as people read them; a number and its unit never part.

const METHODS = { "gradcam": "Grad-CAM", "gradcam++": "Grad-CAM++", "hirescam": "HiResCAM",
  "layercam": "LayerCAM", "xgradcam": "XGrad-CAM" };

export function percent(share) {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

// The server's messages begin small and end without a full stop, to stand in others.
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

export function megabytes(bytes) {
  return `${Number((bytes / 1e6).toFixed(1))}\u00a0MB`;
}

export function size({ width, height }) {
  return `${width}\u00a0×\u00a0${height}`;
}

export function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

// A model may have a thousand classes, which nobody reads.
export function names(all, most = 8) {
  const left = all.length - most;
  return all.slice(0, most).join(", ") + (left > 0 ? ` … and ${left} more` : "");
}

export function methodName(method) {
  return METHODS[method] ?? method;
}

export function layerText(layer) {
  return `${layer.name} (${size(layer)})`;
}

export function heatmapText(heatmap) {
  const { layer, method, class: name, from } = heatmap;
  return `${methodName(method)} for ${name} at ${layer} (${size(heatmap)}), from the ${from}`;
}

export function seconds(value) {
  return value < 1 ? `${Math.round(1000 * value)} ms` : `${value.toFixed(1)} s`;
}
