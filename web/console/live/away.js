// What other pages show while a stream of the Live page goes on: that it does, and how to end it.
import { button, h, icon } from "../ui.js";

export class Away {
  /** time is how long the stream is, as a text; onstop ends it. */
  constructor({ time, onstop }) {
    this.time = h("span", { class: "l-clock" }, time);
    this.element = h("aside", { class: "l-away", "aria-label": "Live transcription goes on" },
      h("a", { class: "row", href: "#/live" }, icon("live"), h("span", {}, "Live"), this.time), button("Stop", { kind: "small danger", onclick: onstop }));
    document.getElementById("app").append(this.element);
  }

  tell(time) {
    this.time.textContent = time;
  }

  close() {
    this.element.remove();
  }
}
