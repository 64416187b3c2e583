// What every page does besides links and forms; each page works without it.
"use strict";

for (const field of document.querySelectorAll("[data-keep-fragment]")) {
  if (location.hash && field.value) field.value += location.hash;
}
