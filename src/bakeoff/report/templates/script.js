// @ts-check
// The page's own script: sorting, copying, charts, the gallery. Without it the page shows the same as text and pictures.
"use strict";

/**
 * @typedef {{id: number, label: number, held: number[], boxes: number[][], coco: boolean}} Photo
 * @typedef {{network: string, seed: number}} RunName
 * @typedef {{network: string, side: number, ids: number[], shares: (number | null)[], maps: string}} Explained
 * @typedef {{classes: string[], photos: Photo[], runs: RunName[], side: number, predicted: string,
 *            probabilities: string, losses: string, several: boolean, explained: Explained[]}} GalleryData
 */

const BATCH = 120; // photos that are added at a time as the reader scrolls

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} [within]
 * @returns {T}
 */
function one(selector, kind, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** @param {string} id */
function json(id) {
  return JSON.parse(one(`#${id}`, HTMLScriptElement).textContent ?? "null");
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {string} text */
function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/* ---- tables that sort ---- */

/** @param {HTMLTableElement} table */
function makeSortable(table) {
  const body = one("tbody", HTMLTableSectionElement, table);
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", class: "sort" }, head.textContent ?? "");
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(cell(a, column), cell(b, column)));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}

/**
 * @param {HTMLTableRowElement} row
 * @param {number} column
 */
function cell(row, column) {
  const element = row.cells[column];
  return element?.dataset.value ?? element?.textContent ?? "";
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  const [x, y] = [a, b].map(parseFloat);
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
}

/* ---- buttons that copy ---- */

/** @param {HTMLElement} block */
function makeCopyable(block) {
  const button = make("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent ?? "");
    button.textContent = "Copied";
  });
  block.before(button);
}

/* ---- charts ---- */

/** @param {Element} figure */
async function drawChart(figure) {
  const spec = json(`spec-${figure.getAttribute("data-chart")}`);
  const live = make("div", { class: "live" });
  figure.append(live);
  // @ts-ignore: the bundled library
  const { view } = await vegaEmbed(live, spec, { renderer: "svg", actions: false, ast: true, tooltip: { theme: "custom" } });
  view.addEventListener("click", openPhoto);
  // Its marks have no names; the label of the figure and the tables say the same.
  one("svg", SVGElement, live).setAttribute("aria-hidden", "true");
  figure.classList.add("drawn");
}

/**
 * A click on a mark that stands for a photo opens it.
 * @param {unknown} _event
 * @param {{datum?: {photo?: number}} | null | undefined} mark
 */
function openPhoto(_event, mark) {
  const photo = gallery?.data.photos.findIndex(({ id }) => id === mark?.datum?.photo) ?? -1;
  if (photo >= 0) gallery?.open(photo);
}

/**
 * Calls a function once, when the element comes near the window.
 * @param {Element} element
 * @param {() => void} act
 */
function whenNear(element, act) {
  const watch = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        watch.disconnect();
        act();
      }
    },
    { rootMargin: "600px" },
  );
  watch.observe(element);
}

/* ---- the gallery ---- */

class Gallery {
  /** @param {GalleryData} data */
  constructor(data) {
    this.data = data;
    this.count = data.photos.length;
    this.probabilities = bytes(data.probabilities);
    this.predicted = new Uint16Array(bytes(data.predicted).buffer);
    this.losses = new Uint16Array(bytes(data.losses).buffer);
    this.form = one("#gallery-filters", HTMLFormElement);
    this.list = one("#gallery-photos", HTMLUListElement);
    this.status = one("#gallery-count", HTMLElement);
    /** @type {{photo: number, runs: number[], loss: number}[]} */
    this.shown = [];
    this.form.addEventListener("change", () => this.filter());
    this.form.addEventListener("reset", () => setTimeout(() => this.filter()));
    this.end = one("#gallery-end", HTMLElement);
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.more(), {
      rootMargin: "800px",
    }).observe(this.end);
    this.filter();
  }

  /** @param {string} name */
  chosen(name) {
    const field = this.form.elements.namedItem(name);
    return field instanceof HTMLSelectElement ? field.value : "";
  }

  /** @param {Record<string, string>} values */
  set(values) {
    this.form.reset();
    for (const [name, value] of Object.entries(values)) {
      const field = this.form.elements.namedItem(name);
      if (field instanceof HTMLSelectElement) field.value = value;
    }
    this.filter();
  }

  /**
   * Whether a run is right about a photo: its label, or, where a photo has several classes, exactly these.
   * @param {number} run
   * @param {number} photo
   */
  right(run, photo) {
    const { label, held } = this.data.photos[photo];
    if (!this.data.several) return this.predicted[run * this.count + photo] === label;
    return this.data.classes.every((_, own) => this.names(run, photo, own) === held.includes(own));
  }

  /**
   * Whether a run predicts a class for a photo.
   * @param {number} run
   * @param {number} photo
   * @param {number} own
   */
  names(run, photo, own) {
    const number = run * this.count + photo;
    return this.data.several ? this.probabilities[number * this.data.classes.length + own] > 127 : this.predicted[number] === own;
  }

  /** Finds the photos, and of each the runs, that pass all filters; the highest loss first. */
  filter() {
    const [network, seed, truth, guess, kind] = ["network", "seed", "true", "predicted", "kind"].map((name) =>
      this.chosen(name),
    );
    const runs = this.data.runs
      .map((_, run) => run)
      .filter((run) => !network || this.data.runs[run].network === network)
      .filter((run) => !seed || this.data.runs[run].seed === Number(seed));
    this.shown = [];
    let predictions = 0;
    for (let photo = 0; photo < this.count; photo += 1) {
      const { label, held } = this.data.photos[photo];
      if (truth && label !== Number(truth)) continue;
      const passed = runs.filter((run) => {
        const said = this.predicted[run * this.count + photo];
        if (guess && said !== Number(guess)) return false;
        if (kind === "correct") return this.right(run, photo);
        if (kind === "wrong") return !this.right(run, photo);
        if (kind === "present") return !this.right(run, photo) && held.includes(said);
        if (kind === "absent") return !held.includes(said);
        return true;
      });
      if (!passed.length && runs.length) continue;
      predictions += passed.length;
      const loss = passed.reduce((sum, run) => sum + this.losses[run * this.count + photo], 0) / (passed.length || 1);
      this.shown.push({ photo, runs: passed, loss });
    }
    this.shown.sort((a, b) => b.loss - a.loss || a.photo - b.photo);
    this.status.textContent = `${this.shown.length.toLocaleString("en")} photos, ${predictions.toLocaleString("en")} predictions`;
    this.list.replaceChildren();
    this.more();
  }

  more() {
    const from = this.list.children.length;
    this.list.append(...this.shown.slice(from, from + BATCH).map((entry) => this.item(entry)));
  }

  /** @param {{photo: number, runs: number[], loss: number}} entry */
  item({ photo, runs }) {
    const { id, label } = this.data.photos[photo];
    const button = make("button", { type: "button", class: "open" }, this.picture(photo));
    const correct = runs.filter((run) => this.right(run, photo)).length;
    button.append(make("span", {}, `${this.data.classes[label]} ${correct}/${runs.length}`));
    button.setAttribute("aria-label", `Photo ${id}, ${this.data.classes[label]}, correct in ${correct} of ${runs.length}`);
    button.addEventListener("click", () => this.open(photo));
    return make("li", {}, button);
  }

  /** @param {number} photo */
  picture(photo) {
    const slot = photo % 100;
    const across = -(slot % 10) * this.data.side;
    const down = -Math.floor(slot / 10) * this.data.side;
    const style = `width:${this.data.side}px;height:${this.data.side}px;background-position:${across}px ${down}px`;
    return make("span", { class: `thumb sheet-${Math.floor(photo / 100)}`, style });
  }

  /**
   * What a network looks at in a photo, over the photo: red where it does.
   * @param {number} photo
   */
  explanations(photo) {
    const { id } = this.data.photos[photo];
    return this.data.explained.flatMap(({ network, side, ids, shares, maps }) => {
      const position = ids.indexOf(id);
      if (position < 0) return [];
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side;
      const values = bytes(maps).subarray(position * side * side, (position + 1) * side * side);
      const pixels = new ImageData(side, side);
      values.forEach((value, cell) => pixels.data.set([255, 40, 0, 0.7 * value], 4 * cell));
      canvas.getContext("2d")?.putImageData(pixels, 0, 0);
      const share = shares[position];
      const said = share === null ? network : `${network}: ${Math.round(100 * share)} % in the boxes of the class`;
      const frame = make("div", { class: "frame" }, this.picture(photo), canvas);
      return [make("figure", {}, frame, make("figcaption", {}, said))];
    });
  }

  /** @param {number} photo */
  open(photo) {
    const all = this.data.runs.map((_, run) => this.losses[run * this.count + photo]);
    const loss = all.reduce((sum, own) => sum + own, 0) / (all.length || 1);
    const { id, label, held, boxes, coco } = this.data.photos[photo];
    const names = this.data.classes;
    const dialog = one("#gallery-photo", HTMLDialogElement);
    const frame = make("div", { class: "frame" }, this.picture(photo));
    for (const [own, x, y, width, height] of boxes) {
      const style = `left:${100 * x}%;top:${100 * y}%;width:${100 * width}%;height:${100 * height}%`;
      frame.append(make("span", { class: "box", style }, make("b", {}, names[own])));
    }
    const title = make("h3", {}, `Photo ${id}: ${names[label]}`);
    const facts = make("p", {}, `Annotated: ${held.map((own) => names[own]).join(", ")}. Mean loss ${(loss / 1000).toFixed(2)}.`);
    if (coco) {
      const link = { href: `https://cocodataset.org/#explore?id=${id}`, rel: "noreferrer", target: "_blank" };
      facts.append(" ", make("a", link, "COCO's page of it"));
    }
    const rows = this.data.runs.map(({ network, seed }, run) => {
      const start = (run * this.count + photo) * names.length;
      const cells = names.map((_, own) => make("td", this.names(run, photo, own) ? { class: "said" } : {}, `${Math.round(this.probabilities[start + own] / 2.55)} %`));
      return make("tr", {}, make("th", { scope: "row" }, `${network}, seed ${seed}`), ...cells);
    });
    const head = make("tr", {}, ...["run", ...names].map((name) => make("th", { scope: "col" }, name)));
    const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
    one(".body", HTMLElement, dialog).replaceChildren(title, frame, facts, make("div", { class: "wide" }, table));
    const looks = this.explanations(photo);
    if (looks.length) table.parentElement?.after(make("h4", {}, "Where the networks look"), make("div", { class: "looks" }, ...looks));
    dialog.showModal();
  }
}

/* ---- the confusion matrices ---- */

/**
 * A cell opens its photos.
 * @param {HTMLElement} element
 * @param {Gallery} gallery
 */
function makeOpenable(element, gallery) {
  const { network = "", truth = "", guess = "" } = element.dataset;
  const open = () => {
    gallery.set({ network, true: truth, predicted: guess });
    one("#photos", HTMLElement).scrollIntoView();
    gallery.status.focus();
  };
  element.tabIndex = 0;
  element.setAttribute("role", "button");
  element.addEventListener("click", open);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open();
    }
  });
}

/** The fractions of one network's matrix minus another's. */
function showDifference() {
  const [first, second] = ["first", "second"].map((name) => one(`#difference-${name}`, HTMLSelectElement).value);
  for (const cell of document.querySelectorAll("#difference td")) {
    if (!(cell instanceof HTMLElement)) continue;
    const [x, y] = [first, second].map((network) => {
      const { truth, guess } = cell.dataset;
      const from = `td[data-network="${CSS.escape(network)}"][data-truth="${truth}"][data-guess="${guess}"]`;
      return Number(one(from, HTMLElement).dataset.fraction);
    });
    const points = 100 * (y - x);
    cell.textContent = `${points > 0 ? "+" : points < 0 ? "−" : ""}${Math.abs(points).toFixed(1)}`;
    cell.style.setProperty("--fraction", String(Math.min(1, Math.abs(y - x) * 3)));
    cell.classList.toggle("less", points < 0);
  }
}

/* ---- of several parts one in view ---- */

/**
 * Shows one of the parts, which a list chooses; a link to a part that is hidden shows it.
 * @param {HTMLElement} parts
 */
function makeSwitch(parts) {
  const choices = [...parts.querySelectorAll(":scope > [data-choice]")];
  if (choices.length < 2) return;
  const select = document.createElement("select");
  choices.forEach((choice) => select.append(make("option", {}, choice.getAttribute("data-choice") ?? "")));
  select.selectedIndex = Math.max(0, choices.findIndex((choice) => choice.getAttribute("data-choice") === parts.dataset.shown));
  const show = () => choices.forEach((choice, at) => choice.toggleAttribute("hidden", at !== select.selectedIndex));
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const at = choices.findIndex((choice) => target && choice.contains(target));
    if (at < 0) return;
    select.selectedIndex = at;
    show();
  };
  select.addEventListener("change", show);
  addEventListener("hashchange", follow);
  parts.prepend(make("form", { class: "filters" }, make("label", {}, `${parts.dataset.switch} `, select)));
  show();
  follow();
}

/** @type {Gallery | undefined} */
let gallery;

function start() {
  document.documentElement.classList.add("script");
  document.querySelectorAll("table.sortable").forEach((table) => {
    if (table instanceof HTMLTableElement) makeSortable(table);
  });
  document.querySelectorAll("[data-switch]").forEach((parts) => {
    if (parts instanceof HTMLElement) makeSwitch(parts);
  });
  document.querySelectorAll("pre").forEach((block) => makeCopyable(block));
  document.querySelectorAll("[data-chart]").forEach((figure) => whenNear(figure, () => void drawChart(figure)));
  if (document.querySelector("#difference")) {
    one("#difference-form", HTMLFormElement).addEventListener("change", showDifference);
    showDifference();
  }
  if (!document.querySelector("#gallery-data")) return;
  const photos = new Gallery(json("gallery-data"));
  gallery = photos;
  document.querySelectorAll("td[data-network]:not(:empty)").forEach((element) => {
    if (element instanceof HTMLElement) makeOpenable(element, photos);
  });
}

start();
