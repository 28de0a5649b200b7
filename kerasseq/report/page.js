(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const tip = document.getElementById("tip");

  const showTip = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18) + "px";
  };
  const hideTip = () => { tip.hidden = true; };
  const draw = (parent, name, attributes) => {
    const made = document.createElementNS(parent.namespaceURI, name);
    for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
    parent.append(made);
  };
  const inside = (svg, event) =>
    new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const labels = (svg, group) =>
    Array.from(svg.querySelectorAll("." + group + " text"), (text) => text.textContent);

  // Curves: the epoch nearest to the pointer, or stepped through with the arrow keys.
  for (const figure of document.querySelectorAll(".chart[data-values]")) {
    const epochs = JSON.parse(figure.dataset.values);
    const svg = figure.querySelector("svg");
    const cursor = svg.querySelector(".cursor");
    let current = epochs.length - 1;
    const clear = () => { cursor.replaceChildren(); hideTip(); };
    const show = (place, clientX, clientY) => {
      current = Math.max(0, Math.min(epochs.length - 1, place));
      const [x, epoch, entries] = epochs[current];
      cursor.replaceChildren();
      draw(cursor, "line", { x1: x, x2: x, y1: 14, y2: 184 });
      for (const [, colour, , y] of entries) draw(cursor, "circle", { class: colour, cx: x, cy: y, r: 4 });
      const lines = entries.map(([name, , value]) => name + "  " + value);
      const corner = new DOMPoint(x, 30).matrixTransform(svg.getScreenCTM());
      showTip([figure.dataset.unit + " " + epoch, ...lines].join("\n"), clientX ?? corner.x, clientY ?? corner.y);
    };
    svg.addEventListener("pointermove", (event) => {
      const { x } = inside(svg, event);
      let nearest = 0;
      epochs.forEach((entry, place) => {
        if (Math.abs(entry[0] - x) < Math.abs(epochs[nearest][0] - x)) nearest = place;
      });
      show(nearest, event.clientX, event.clientY);
    });
    svg.addEventListener("pointerleave", clear);
    svg.addEventListener("blur", clear);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) { event.preventDefault(); show(current + step); }
    });
  }
  for (const bar of document.querySelectorAll("[data-tip]")) {
    bar.addEventListener("pointermove", (event) => showTip(bar.dataset.tip, event.clientX, event.clientY));
    bar.addEventListener("pointerleave", hideTip);
  }

  // Attention maps: the weight below the pointer.
  for (const svg of document.querySelectorAll(".map svg")) {
    const { weights, largest, cell, left, top } = svg.dataset;
    const level = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0));
    const columns = labels(svg, "columns"), rows = labels(svg, "rows");
    const cursor = svg.querySelector(".cursor");
    const clear = () => { cursor.replaceChildren(); hideTip(); };
    svg.addEventListener("pointermove", (event) => {
      const point = inside(svg, event);
      const column = Math.floor((point.x - left) / cell), row = Math.floor((point.y - top) / cell);
      clear();
      if (column < 0 || row < 0 || column >= columns.length || row >= rows.length) return;
      const weight = (level[row * columns.length + column] / 255) * largest;
      const x = +left + column * cell, y = +top + row * cell;
      draw(cursor, "rect", { class: "band", x: left, y: y, width: columns.length * cell, height: cell });
      draw(cursor, "rect", { class: "band", x: x, y: top, width: cell, height: rows.length * cell });
      draw(cursor, "rect", { x: x, y: y, width: cell, height: cell });
      const line = rows[row] + " ← " + columns[column] + "\nweight " + weight.toFixed(2);
      showTip(line, event.clientX, event.clientY);
    });
    svg.addEventListener("pointerleave", clear);
  }

  // Samples: one at a time.
  const tabs = Array.from(document.querySelectorAll("[role=tab]"));
  const choose = (place) => {
    tabs.forEach((tab, other) => {
      const isChosen = other === place;
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).classList.toggle("chosen", isChosen);
    });
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(place));
    tab.addEventListener("keydown", (event) => {
      const goals = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: tabs.length - 1 };
      const goal = goals[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      const next = (goal + tabs.length) % tabs.length;
      choose(next);
      tabs[next].focus();
    });
  });

  // Copying.
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }
})();
