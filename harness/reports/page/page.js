"use strict";
// Filters, and what cells open.  Everything a peer sent is set as text, never as markup.
const table = document.getElementById("table");
const form = document.getElementById("filters");
const dialog = document.getElementById("story");
const rows = [...table.querySelectorAll("tbody tr:not(.rfc)")];
const names = [...table.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
const words = rows.map((row) =>
  [...row.cells].slice(1).map((cell) => (cell.firstChild ? cell.firstChild.className : "")));
const DEVIATE = ["fail", "error", "warn", "info"];
let only = null; // the run that alone is looked at

// --- filters: what is chosen stands in the address, so that it can be sent to somebody -----------

const MEANT = {
  deviates: (cells) => cells.some((word) => DEVIATE.includes(word)),
  differ: (cells) => new Set(cells.filter((word) => word && word !== "skip")).size > 1,
};

function shows(row, cells, chosen) {
  const looked = only === null ? cells : [cells[only]];
  const meant = MEANT[chosen.verdict] || ((all) => all.includes(chosen.verdict));
  const text = row.cells[0].textContent.toLowerCase();
  return (!chosen.rfc || row.parentNode.dataset.rfc === chosen.rfc)
    && (!chosen.level || row.dataset.level === chosen.level)
    && (!chosen.verdict || meant(looked))
    && chosen.words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function filter() {
  const chosen = Object.fromEntries(new FormData(form));
  rows.forEach((row, index) => { row.hidden = !shows(row, words[index], chosen); });
  for (const body of table.tBodies) {
    body.hidden = ![...body.rows].some((row) => !row.hidden && !row.classList.contains("rfc"));
  }
  const shown = rows.filter((row) => !row.hidden).length;
  const where = only === null ? "" : ` of ${names[only]}`;
  document.getElementById("shown").textContent = `${shown} of ${rows.length} requirements${where}`;
  remember(chosen);
  rove(firstCell());
}

function remember(chosen) {
  const kept = Object.entries(chosen).filter(([, value]) => value);
  if (only !== null) kept.push(["run", names[only]]);
  const query = new URLSearchParams(kept).toString();
  if (query) history.replaceState(null, "", `#${query}`);
  else if (location.hash.includes("=")) history.replaceState(null, "", location.pathname);
}

function recall() {
  if (!location.hash.includes("=")) return;
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of kept) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  only = names.includes(kept.get("run")) ? names.indexOf(kept.get("run")) : null;
}

// --- moving about: one cell of the table is in the tab order, arrows go on from it ---------------

function firstCell() {
  const row = rows.find((it) => !it.hidden);
  return row ? row.querySelector("button") : null;
}

function rove(button) {
  for (const old of table.querySelectorAll('button[tabindex="0"]')) old.tabIndex = -1;
  if (button) button.tabIndex = 0;
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function neighbour(button, [down, right]) {
  const shown = rows.filter((row) => !row.hidden);
  let row = shown.indexOf(button.closest("tr"));
  let column = button.parentNode.cellIndex;
  for (;;) {
    row += down;
    column += right;
    const cell = shown[row] && shown[row].cells[column];
    if (!cell || column < 1) return null;
    if (cell.querySelector("button")) return cell.querySelector("button");
  }
}

table.addEventListener("keydown", (event) => {
  const button = event.target.closest("td button");
  if (!button || !MOVES[event.key]) return;
  event.preventDefault();
  const next = neighbour(button, MOVES[event.key]);
  if (next) {
    rove(next);
    next.focus();
  }
});

// --- stories ------------------------------------------------------------------------------------

let stories = null;

async function unpacked() {
  if (!stories) {
    const text = document.getElementById("stories").textContent;
    const octets = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("gzip"));
    stories = JSON.parse(await new Response(stream).text());
  }
  return stories;
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const SPEAKS = [[/^ *[0-9.]* C[:!(]/, "c"], [/^ *[0-9.]* S[:!(]/, "s"], [/^ *[0-9.]+ \*/, "h"]];

function dialogue(text) {
  const made = document.createElement("pre");
  made.tabIndex = 0;
  for (const line of text.split("\n")) {
    const kind = SPEAKS.find(([pattern]) => pattern.test(line));
    made.append(kind ? element("span", line, kind[1]) : line, "\n");
  }
  return made;
}

async function open(button) {
  const row = button.closest("tr");
  const run = button.parentNode.cellIndex - 1;
  const { rows: ofRow, cases } = await unpacked();
  const told = document.getElementById("story-cases");
  told.replaceChildren();
  for (const index of ofRow[rows.indexOf(row)]) {
    const [address, outcomes] = cases[index];
    if (!outcomes[run]) continue;
    const [verdict, text] = outcomes[run];
    told.append(element("h3", `${address}: ${verdict}`), dialogue(text));
  }
  document.getElementById("story-title").textContent = `${names[run]}: ${row.cells[0].textContent}`;
  dialog.showModal();
  dialog.scrollTop = 0;
}

table.addEventListener("click", (event) => {
  const button = event.target.closest("td button");
  if (!button) return;
  rove(button);
  open(button);
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

for (const button of document.querySelectorAll(".only")) {
  button.addEventListener("click", () => {
    for (const field of form.querySelectorAll("select, input")) field.value = "";
    only = Number(button.dataset.run);
    form.elements.verdict.value = "deviates";
    filter();
    form.scrollIntoView();
  });
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { only = null; filter(); }));
form.hidden = false;
recall();
filter();
