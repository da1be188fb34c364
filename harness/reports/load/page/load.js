"use strict";
// A cursor over all charts of time at once: by pointer, or by arrow keys on a chart that has focus.
const told = JSON.parse(document.getElementById("moments").textContent);
const charts = [...document.querySelectorAll(".timed")];
const readout = document.getElementById("readout");
let at = -1; // the moment that is looked at; -1: none

function show(index) {
  at = index;
  for (const chart of charts) {
    const line = chart.querySelector(".cursor");
    line.classList.toggle("on", at >= 0);
    if (at >= 0) for (const end of ["x1", "x2"]) line.setAttribute(end, `${told[at][0]}%`);
  }
  readout.hidden = at < 0;
  readout.textContent = at < 0 ? "" : told[at][1];
}

function nearest(percent) {
  let best = 0;
  for (let index = 1; index < told.length; index += 1) {
    if (Math.abs(told[index][0] - percent) < Math.abs(told[best][0] - percent)) best = index;
  }
  return best;
}

const KEYS = {
  ArrowRight: () => Math.min(at + 1, told.length - 1),
  ArrowLeft: () => Math.max(at - 1, 0),
  Home: () => 0,
  End: () => told.length - 1,
  Escape: () => -1,
};

for (const chart of charts) {
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    show(nearest(((event.clientX - box.left) / box.width) * 100));
  });
  chart.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") show(-1);
  });
  chart.addEventListener("keydown", (event) => {
    if (!KEYS[event.key]) return;
    event.preventDefault();
    show(KEYS[event.key]());
  });
  chart.addEventListener("blur", () => show(-1));
}
