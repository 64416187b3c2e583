// What every page does besides links and forms; each page works without it.
"use strict";

for (const part of document.querySelectorAll(".scripted")) part.hidden = false;

// After signing in, the lines that a link named are lost unless they go along.
for (const field of document.querySelectorAll("[data-keep-fragment]")) {
  if (location.hash && field.value) field.value += location.hash;
}

function say(text) {
  document.getElementById("status").textContent = text;
}

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  // Without TLS browsers give pages no clipboard: what is selected can still be copied.
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const from = button.dataset.copyFrom;
  let done = false;
  try {
    done = await copy(from ? document.getElementById(from).value : button.dataset.copy);
  } catch {
    // The browser's user said no.
  }
  const before = button.dataset.label || button.textContent;
  button.dataset.label = before;
  button.textContent = done ? "Copied" : "Not copied: select it";
  say(button.textContent);
  setTimeout(() => { button.textContent = before; }, 1500);
});
