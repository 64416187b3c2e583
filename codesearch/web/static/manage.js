// Shows how far jobs are, without loading the page again; without this a link does that.
"use strict";

const BUSY_SECONDS = 1, IDLE_SECONDS = 5;
const shown = document.querySelector("[data-poll]");

function statesOf(node) {
  return new Map([...node.querySelectorAll("[data-job]")].map((job) => [job.dataset.job, job]));
}

function tell(before, after) {
  const ended = [...after.values()].filter((job) => {
    const known = before.get(job.dataset.job);
    return known && known.dataset.state !== job.dataset.state;
  });
  if (ended.length) document.getElementById("status").textContent = ended.map((job) => job.dataset.told).join(" ");
}

function replace(text) {
  if (text === replace.last) return;
  replace.last = text;
  const before = statesOf(shown), focused = document.activeElement;
  const region = shown.querySelector(".scroll"), left = region ? region.scrollLeft : 0;
  shown.innerHTML = text;
  tell(before, statesOf(shown));
  const again = shown.querySelector(".scroll");
  if (again) again.scrollLeft = left;
  if (focused && focused.id && !document.contains(focused)) document.getElementById(focused.id)?.focus();
}

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch(shown.dataset.poll, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (answer.ok) replace(await answer.text());
    }
  } catch {
    // The service is away: the next look tells.
  }
  const isBusy = shown.querySelector("[data-busy=yes]") !== null;
  setTimeout(look, 1000 * (isBusy ? BUSY_SECONDS : IDLE_SECONDS));
}

if (shown) look();
