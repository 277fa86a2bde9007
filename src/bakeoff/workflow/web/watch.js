// @ts-check
// The page that watches an experiment: it asks what the runs are at, and shows the report anew when one has ended.
"use strict";

/** @typedef {{version: string, ended: string, running: {name: string, status: string}[], problem: string}} State */

const EVERY = 2000; // milliseconds

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
function one(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

const frame = one("#report", HTMLIFrameElement);
let version = "";

/** @param {State} state */
function show(state) {
  one("#ended", HTMLElement).textContent = state.ended;
  one("#problem", HTMLElement).textContent = state.problem;
  const items = state.running.map(({ name, status }) =>
    Object.assign(document.createElement("li"), { textContent: `${name}: ${status}` }),
  );
  one("#running", HTMLUListElement).replaceChildren(...items);
  if (version && version !== state.version) frame.contentWindow?.location.reload(); // where the reader was
  version = state.version;
}

async function ask() {
  try {
    const response = await fetch("/state");
    show(await response.json());
  } catch {
    one("#ended", HTMLElement).textContent = "The server does not answer; it has ended.";
  }
  setTimeout(() => void ask(), EVERY);
}

void ask();
