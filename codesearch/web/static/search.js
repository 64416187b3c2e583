// The keys of the search pages, further conditions, and short addresses.
"use strict";

const search = document.querySelector("[data-search]");
const help = document.getElementById("help");
const openers = [...document.querySelectorAll("[data-result] [data-open]")];

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

function move(step) {
  if (!openers.length) return;
  const here = openers.findIndex((link) => link.closest("[data-result]").contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : openers.length - 1) : Math.min(openers.length - 1, Math.max(0, here + step));
  openers[next].focus();
  openers[next].closest("[data-result]").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || (help && help.open)) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const isOnResult = event.target.closest("[data-result]") !== null;
  if (event.key === "/" && search) { search.focus(); search.select(); }
  else if (event.key === "j" || (event.key === "ArrowDown" && isOnResult)) move(1);
  else if (event.key === "k" || (event.key === "ArrowUp" && isOnResult)) move(-1);
  else if (event.key === "?" && help) help.showModal();
  else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-help]")) button.addEventListener("click", () => help.showModal());

for (const form of document.querySelectorAll("[data-ask]")) {
  form.addEventListener("submit", () => {
    // What says nothing stays out of the address.
    for (const row of form.querySelectorAll("[data-condition]")) {
      const isEmpty = !row.querySelector("[name=field]").value;
      for (const field of row.querySelectorAll("select, input")) field.disabled = isEmpty;
    }
    for (const field of form.querySelectorAll("[name=top_k], [name=score_threshold], [name=paths], [name=extensions]")) {
      field.disabled = !field.value.trim();
    }
    const joined = form.querySelector("[name=joined]");
    if (joined) joined.disabled = joined.value === "and";
  });
}
// A page that comes back from the browser's memory has its fields again.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-ask] :disabled:not(option)")) field.disabled = false;
});

const adding = document.querySelector("[data-add]");
if (adding) {
  adding.addEventListener("click", () => {
    const rows = document.querySelectorAll("[data-condition]");
    const row = rows[rows.length - 1].cloneNode(true);
    row.querySelector("input").value = "";
    row.querySelector("[name=field]").value = "";
    rows[rows.length - 1].after(row);
    row.querySelector("[name=field]").focus();
  });
}
