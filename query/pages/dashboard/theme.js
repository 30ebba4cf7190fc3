"use strict";
// Light, dark, or as the system has it. A classic script, so that the first paint is right.
(() => {
  const KEY = "fleetgauge.theme";
  const THEMES = { auto: "light dark", light: "light", dark: "dark" };
  let theme = Object.hasOwn(THEMES, localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "auto";

  function show() {
    document.documentElement.style.colorScheme = THEMES[theme];
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${theme}`;
    document.dispatchEvent(new Event("theme"));
  }

  function turn() {
    const names = Object.keys(THEMES);
    theme = names[(names.indexOf(theme) + 1) % names.length];
    localStorage.setItem(KEY, theme);
    show();
  }

  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", turn);
    show();
  });
})();
