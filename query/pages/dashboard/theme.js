"use strict";
// Light, dark, or the system's theme. A classic script, so that the first paint is correct.
(() => {
  const KEY = "fleetgauge.theme";
  const THEMES = { auto: "light dark", light: "light", dark: "dark" };
  let theme = chosen();

  /** The choice of an earlier visit, unless storage is blocked. */
  function chosen() {
    try {
      const name = localStorage.getItem(KEY);
      return Object.hasOwn(THEMES, name) ? name : "auto";
    } catch {
      return "auto";
    }
  }

  function keep() {
    try {
      localStorage.setItem(KEY, theme);
    } catch (problem) {
      console.warn(problem);
    }
  }

  function show() {
    document.documentElement.style.colorScheme = THEMES[theme];
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${theme}`;
    document.dispatchEvent(new Event("theme"));
  }

  function turn() {
    const names = Object.keys(THEMES);
    theme = names[(names.indexOf(theme) + 1) % names.length];
    keep();
    show();
  }

  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", turn);
    show();
  });
})();
