// The server's HTTP API. Whatever goes wrong ends as a Trouble with a sentence for a person.
import { sentence } from "./text.js";

const PATIENCE = 60_000;  // milliseconds until a request counts as lost

export class Trouble extends Error {
  constructor(message, { status = 0, retryAfter = 0, again = false } = {}) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;  // seconds
    this.again = again;            // trying again may help
  }
}

const WORDS = {
  401: "This app is locked. Open the address that the server printed in its terminal: it holds the token.",
  403: "The server does not accept requests from this address. Open the one that it printed in its terminal.",
  413: "The file is too large for the server.",
  503: "The server is busy.",
};

async function trouble(response) {
  const { status } = response;
  let message = "";
  try {
    message = sentence((await response.json()).error.message);
  } catch {
    // not the API's answer; a proxy's, say
  }
  if (status === 401 || !message) {
    message = WORDS[status] ?? `The server ${status < 500 ? "refused" : "failed at"} this request.`;
  }
  const wait = Number(response.headers.get("Retry-After"));
  const retryAfter = wait > 0 ? Math.min(wait, 30) : 1;
  return new Trouble(message, { status, retryAfter, again: status === 408 || status >= 500 });
}

async function request(url, options = {}) {
  const timer = new AbortController();
  const stop = () => timer.abort();
  options.signal?.addEventListener("abort", stop);
  const clock = setTimeout(stop, PATIENCE);
  try {
    const response = await fetch(url, { ...options, signal: timer.signal });
    if (!response.ok) throw await trouble(response);
    return options.blob ? await response.blob() : await response.json();
  } catch (error) {
    if (error instanceof Trouble || options.signal?.aborted) throw error;
    if (timer.signal.aborted) throw new Trouble("The server has not answered for a minute.", { again: true });
    throw new Trouble("No answer from the server. Is it still running, and the network up?", { again: true });
  } finally {
    clearTimeout(clock);
    options.signal?.removeEventListener("abort", stop);
  }
}

export function getModel() {
  return request("/api/v1/model");
}

export async function getSample({ name, url }) {
  const blob = await request(url, { blob: true });
  return new File([blob], name, { type: blob.type });
}

// Moved, changed and forbidden files fail as a lost network does; this tells them apart.
async function checkReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Trouble("The browser cannot read this file. Has it been moved or changed since it was added?");
  }
}

export async function predict(file, name, settings, picture, signal) {
  await checkReadable(file);
  const query = new URLSearchParams({ ...settings, heatmap: "png", picture: picture ? "png" : "none" });
  const body = new FormData();
  body.append("file", file, name);
  return request(`/api/v1/predict?${query}`, { method: "POST", body, signal });
}
