// Small helpers for the document. Text goes in as text, never as markup.

/** A new element. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** What a template of the page holds, anew. */
export function copyOf(template) {
  return document.getElementById(template).content.cloneNode(true);
}

/** The element of a part: `data-part="name"`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/** Puts a number in an element; a narrow one breaks it between its groups of digits. */
export function write(target, text) {
  if (target.textContent === text) return;
  const groups = text.split(/(?<=,)/).flatMap((group) => [element("wbr"), group]);
  target.replaceChildren(...groups.slice(1));
}

/** Shows a text in an element, or hides the element where there is none. */
export function tell(target, text) {
  target.hidden = !text;
  if (target.textContent !== text) target.textContent = text;
}

/** Has a screen reader say this when it is done with what it says. */
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}
