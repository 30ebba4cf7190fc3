// The sign-in form, and the view for denied access.

import { copyOf, element, part, setText } from "./dom.js";
import { sessionOf } from "./session.js";

/** The sign-in form; `why` explains why it is shown again; calls `opened(session)`. */
export function door(why, opened) {
  const node = element("div");
  node.append(copyOf("signed-out"));
  setText(part(node, "why"), why);
  const [form] = node.getElementsByTagName("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter(form.elements.token, node.querySelector("#token-wrong"), opened);
  });
  return node;
}

function enter(field, wrong, opened) {
  let session;
  try {
    session = sessionOf(field.value);
  } catch (problem) {
    wrong.textContent = problem.message;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return;
  }
  opened(session);
}

/** Shown instead of a view that the token may not read or that does not exist. */
export function refusal(heading, why, href, way) {
  const node = element("div");
  node.append(copyOf("refused"));
  node.querySelector("h1").textContent = heading;
  part(node, "why").textContent = why;
  part(node, "own").textContent = way;
  part(node, "own").setAttribute("href", href);
  return node;
}
