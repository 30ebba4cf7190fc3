// What to do where no sample has been sent yet.

import { copyOf, element, part } from "./dom.js";

/** Fills `target` with how to send something for a user; shows it where `empty`. */
export function showEmpty(target, empty, user) {
  target.hidden = !empty;
  if (!empty || target.childElementCount) return;
  const told = copyOf("no-data");
  const id = user ?? "alice";
  if (user) part(told, "whose").append(" of ", element("strong", {}, user));
  part(told, "command").textContent = `fleetgauge emit host --user ${id} --agent my-machine`;
  part(told, "program").textContent = [
    "from emit import Background, Emitter",
    "",
    `emitter = Emitter("127.0.0.1:9092", user_id="${id}")`,
    "with Background(emitter), emitter.meter.message():",
    "    ...  # the work of one message",
  ].join("\n");
  target.append(told);
}
