// The way in: a form for the token, and what a token may not open.

import { copyOf, element, part, tell } from "./dom.js";
import { sessionOf } from "./session.js";

/** The form; `why` tells why it is shown again, `opened(session)` is told of a new session. */
export function door(why, opened) {
  const node = element("div");
  node.append(copyOf("signed-out"));
  tell(part(node, "why"), why);
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

/** What is shown in place of a view that the token does not open, or that is not there. */
export function refusal(heading, why, href, way) {
  const node = element("div");
  node.append(copyOf("refused"));
  node.querySelector("h1").textContent = heading;
  part(node, "why").textContent = why;
  part(node, "own").textContent = way;
  part(node, "own").setAttribute("href", href);
  return node;
}
