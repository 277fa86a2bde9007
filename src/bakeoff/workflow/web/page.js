// @ts-check
// The page that classifies a photo: it sends the photo's bytes and shows the answer, all of it as text.
"use strict";

/** @typedef {{predicted: string, probability: number, probabilities: Record<string, number>}} Answer */

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

const drop = one("#drop", HTMLLabelElement);
const field = one("#photo", HTMLInputElement);
const image = one("#shown", HTMLImageElement);
const result = one("#answer", HTMLElement);

/** @param {number} fraction */
const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;

/** @param {string} text */
function say(text) {
  one("#status", HTMLElement).textContent = text;
}

let newest = 0;

/** @param {File | null | undefined} file */
async function classify(file) {
  if (!file) return;
  newest += 1;
  const own = newest;
  result.hidden = true;
  say(`Classifying ${file.name} …`);
  try {
    const response = await fetch("/predict", {
      method: "POST",
      body: file,
      headers: { "Content-Type": "application/octet-stream" },
    });
    const answer = await response.json();
    if (own === newest) response.ok ? show(answer, file) : say(`${file.name}: ${answer.error}`);
  } catch {
    if (own === newest) say("The server did not answer; it may have ended, or be busy, or refuse a photo of this size.");
  }
}

/**
 * @param {Answer} answer
 * @param {File} file
 */
function show(answer, file) {
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  one("#predicted", HTMLElement).textContent = `${answer.predicted}, ${percent(answer.probability)}`;
  const rows = Object.entries(answer.probabilities)
    .sort((a, b) => b[1] - a[1])
    .map(([name, probability]) => {
      const row = document.createElement("tr");
      const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
      const cell = Object.assign(document.createElement("td"), { textContent: percent(probability) });
      cell.style.setProperty("--share", String(probability));
      row.append(head, cell);
      return row;
    });
  one("#classes", HTMLElement).replaceChildren(...rows);
  result.hidden = false;
  say(file.name);
}

field.addEventListener("change", () => {
  void classify(field.files?.[0]);
  field.value = ""; // the same photo may be chosen again
});
document.addEventListener("paste", (event) => void classify(event.clipboardData?.files[0]));
for (const kind of ["dragover", "drop", "dragleave"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // or the browser would open the photo in place of the page
    drop.classList.toggle("over", kind === "dragover");
    if (event instanceof DragEvent && kind === "drop") void classify(event.dataTransfer?.files[0]);
  });
}
