// The platform's view: all agents of all users.

import { copyOf, part } from "./dom.js";
import { showEmpty } from "./empty.js";
import { fill } from "./figures.js";
import { Section } from "./section.js";

export class PlatformView {
  title = "Platform";
  node = document.createElement("div");
  sections;

  constructor(api) {
    this.node.append(copyOf("platform"));
    const section = this.node.querySelector("[data-section=platform]");
    fill(section, null);
    this.sections = [
      new Section(section, (signal) => api.platform(signal), ({ metrics }) => show(section, metrics)),
    ];
  }

  close() {}
}

function show(section, { deployments, ...others }) {
  const pending = deployments.total - deployments.successful - deployments.failed;
  const empty = others.agents.total === 0 && others.messages.thisMonth === 0;
  showEmpty(part(section, "empty"), empty, null);
  part(section, "figures").hidden = empty;
  fill(section, { ...others, deployments: { ...deployments, pending } });
}
