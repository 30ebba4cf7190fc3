// Instructions for when no sample has been sent yet.

import { copyOf, element, part } from "./dom.js";

/** Fills `target` with instructions to send samples for a user; shows it if `empty`. */
export function showEmpty(target, empty, user) {
  target.hidden = !empty;
  if (!empty || target.childElementCount) return;
  const content = copyOf("no-data");
  const id = user ?? "alice";
  if (user) part(content, "whose").append(" of ", element("strong", {}, user));
  part(content, "command").textContent = `fleetgauge emit host --user ${id} --agent my-machine`;
  part(content, "program").textContent = [
    "from emit import Background, Emitter",
    "",
    `emitter = Emitter("127.0.0.1:9092", user_id="${id}")`,
    "with Background(emitter), emitter.meter.message():",
    "    ...  # the work of one message",
  ].join("\n");
  target.append(content);
}
