"use strict";
// Sorts, filters and copies, and says what a square of the matrix means. The page is complete without it.
(() => {
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const key = (row, column) => {
    const cell = row.cells[column];
    const figure = cell.querySelector("data");
    return figure ? Number(figure.value) : cell.textContent;
  };
  const compare = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other
      : String(one).localeCompare(String(other), "en", { numeric: true });
  const sort = (table, column, title) => {
    const down = title.getAttribute("aria-sort") === "ascending";
    for (const other of title.parentNode.cells) other.removeAttribute("aria-sort");
    title.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
    rows.sort(([one], [other]) => (down ? -1 : 1) * compare(one, other));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table")) {
    [...table.tHead.rows[0].cells].forEach((title, column) => {
      const button = make("button", { type: "button", textContent: title.textContent });
      button.addEventListener("click", () => sort(table, column, title));
      title.replaceChildren(button);
    });
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 8) continue;
    const region = table.parentNode;
    const input = make("input", { type: "search", autocomplete: "off" });
    const count = make("span", { textContent: `${rows.length} rows` });
    count.setAttribute("aria-live", "polite");
    const store = `filter ${region.getAttribute("aria-label")}`;
    const apply = () => {
      const words = input.value.toLowerCase();
      let shown = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(words);
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = words ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
      try { sessionStorage.setItem(store, input.value); } catch { /* A file may have no storage. */ }
    };
    input.addEventListener("input", apply);
    region.before(make("div", { className: "filter" }, make("label", {}, "Filter ", input), count));
    try { input.value = sessionStorage.getItem(store) ?? ""; } catch { /* The same. */ }
    if (input.value) apply();
  }
  for (const fix of document.querySelectorAll(".fix")) {
    const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(fix.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(fix);
        button.textContent = "Selected";
      }
    });
    fix.before(button);
  }
  let parsed;
  const report = () => (parsed ??= JSON.parse(document.getElementById("martydb-report").textContent));
  const outcomes = ["breach", "inconclusive", "allowed", "denied"];
  for (const figure of document.querySelectorAll(".grid")) {
    const svg = figure.querySelector("svg"), readout = figure.querySelector(".readout");
    const server = () => report().servers[Number(figure.dataset.server)];
    // As they are shown: without the characters that change a text's direction.
    const names = (list) => [...figure.querySelectorAll(`${list} li`)].map((item) => item.textContent);
    const [cell, left, top] = ["cell", "left", "top"].map((name) => Number(svg.dataset[name]));
    const is_here = (one) => one.server === server().server && (one.at ?? null) === (server().at ?? null);
    let read;
    // Only when it is asked for: a page of a thousand services opens sooner.
    const values = () => {
      if (read) return read;
      const counts = new Map();
      for (const row of report().isolation.matrix_counts.filter(is_here)) {
        if (!counts.has(row.service)) counts.set(row.service, []);
        counts.get(row.service).push(row);
      }
      const services = [...counts.keys()];
      const own = [...counts.values()].flat().filter((row) => row.own).map((row) => row.database);
      const databases = [...new Set([...own, ...server().databases])];
      return (read = { rows: names(".rows"), columns: names(".columns"), services, databases, counts });
    };
    const reason = (cell) => cell.why ?? report().isolation.findings.find((one) =>
      is_here(one) && one.role === cell.role && one.database === cell.database)?.evidence;
    const cursor = document.createElementNS(svg.namespaceURI, "rect");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("width", cell);
    cursor.setAttribute("height", cell);
    let at = [0, 0];
    const show = (row, column) => {
      const { rows, columns, services, databases, counts } = values();
      at = [Math.max(0, Math.min(rows.length - 1, row)), Math.max(0, Math.min(columns.length - 1, column))];
      const [service, database] = [services[at[0]], databases[at[1]]];
      const all = counts.get(service) ?? [];
      const found = all.find((one) => one.database === database) ?? all.find((one) => one.database === null);
      const words = found && outcomes.filter((outcome) => found[outcome]).map((outcome) => `${found[outcome]} ${outcome}`);
      const inferred = found?.inferred ? `; ${found.inferred} by the catalogs, without an attempt` : "";
      readout.textContent = `${rows[at[0]]} at ${columns[at[1]]}: ${words?.length ? words.join(", ") : "not tried"}${inferred}`;
      const cells = report().isolation.matrix.filter((one) => is_here(one) && one.service === service && one.database === database);
      for (const one of cells) readout.append(make("br"), `${one.role}: ${one.outcome}${reason(one) ? `, ${reason(one)}` : ""}`);
      cursor.setAttribute("x", left + at[1] * cell - 1);
      cursor.setAttribute("y", top + at[0] * cell - 1);
      svg.append(cursor);
    };
    svg.addEventListener("pointermove", (event) => {
      const { rows, columns } = values();
      const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
      const column = Math.floor(((event.clientX - box.left) * scale - left) / cell);
      const row = Math.floor(((event.clientY - box.top) * scale - top) / cell);
      if (row >= 0 && row < rows.length && column >= 0 && column < columns.length) show(row, column);
    });
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    svg.parentNode.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      show(at[0] + step[0], at[1] + step[1]);
    });
  }
})();
