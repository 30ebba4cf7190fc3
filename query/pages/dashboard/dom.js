// DOM helpers. They insert text as text, never as markup.

/** A new element. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A copy of the content of a template. */
export function copyOf(template) {
  return document.getElementById(template).content.cloneNode(true);
}

/** The element of a part: `data-part="name"`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/** Writes a number to an element; it may wrap between groups of digits. */
export function write(target, text) {
  if (target.textContent === text) return;
  const groups = text.split(/(?<=,)/).flatMap((group) => [element("wbr"), group]);
  target.replaceChildren(...groups.slice(1));
}

/** Shows a text in an element, or hides the element if the text is empty. */
export function setText(target, text) {
  target.hidden = !text;
  if (target.textContent !== text) target.textContent = text;
}

/** Announces a text to screen readers, after their current speech. */
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}
