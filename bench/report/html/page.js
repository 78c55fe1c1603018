// Sorting, filtering and hover details of a report. Without it the page is complete and in reading order.
// What may be filtered has data-keyed and says whom it is about: data-case, -host, -runtime, -precision, -threads;
// what it does not say fits every filter. What has data-with goes with the case that it names.
"use strict";
(() => {
  const DIMENSIONS = [["host", "Host"], ["runtime", "Runtime"], ["precision", "Precision"], ["threads", "Threads"]];
  const ARROWS = { up: "ascending", down: "descending" };
  const collator = new Intl.Collator("en", { numeric: true });
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  const keyed = all("[data-keyed]");
  const tables = all("table.sortable");
  const cases = new Map(keyed.filter((one) => one.dataset.case).map((one) => [one.dataset.case, one.dataset]));
  const chosen = Object.fromEntries(DIMENSIONS.map(([name]) => [name, new Set()]));
  const sorted = new Map();
  const status = make("output", {});
  let form = null;

  // Filtering.

  const fits = (keys) =>
    DIMENSIONS.every(([name]) => !chosen[name].size || !keys[name] || chosen[name].has(keys[name]));

  function filter() {
    const shown = new Set([...cases].filter(([, keys]) => fits(keys)).map(([name]) => name));
    for (const one of keyed) one.classList.toggle("filtered", !fits(one.dataset));
    for (const one of all("[data-with]"))
      one.classList.toggle("filtered", cases.has(one.dataset.with) && !shown.has(one.dataset.with));
    for (const table of all("table")) filterTable(table);
    for (const chart of all("svg.chart")) enterAt(chart, points(chart)[0]);
    const isAll = shown.size === cases.size;
    status.value = isAll
      ? `All ${cases.size} cases are shown.`
      : `${shown.size} of ${cases.size} cases are shown; answers, sentences and Pareto fronts are about all.`;
  }

  function filterTable(table) {
    const heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
    heads.forEach((head, place) => {
      if (!("keyed" in head.dataset)) return;
      for (const row of table.rows) row.cells[place].classList.toggle("filtered", !fits(head.dataset));
    });
    const rows = [...table.tBodies[0].rows];
    const isEmpty = rows.length > 0 && rows.every((row) => row.classList.contains("filtered"));
    const note = table.parentNode.querySelector(":scope > .none") || table.parentNode.appendChild(
      make("p", { className: "none", textContent: "No row fits the filter." }));
    note.hidden = !isEmpty;
  }

  function makeForm() {
    const values = (name) =>
      [...new Set([...cases.values()].map((keys) => keys[name]).filter(Boolean))];
    const parts = DIMENSIONS.map(([name, title]) => [name, title, values(name)]).filter((part) => part[2].length > 1);
    if (!parts.length) return;
    form = make("form", { className: "filters" });
    form.setAttribute("aria-label", "Filter the cases");
    for (const [name, title, found] of parts) {
      const choices = name === "threads" ? found.sort(collator.compare) : found;
      form.append(make("fieldset", {}, make("legend", { textContent: title }), ...choices.map((value) => choice(name, value))));
    }
    form.append(make("button", { type: "reset", textContent: "Show all" }), status);
    form.addEventListener("change", read);
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      for (const box of all("input", form)) box.checked = false;
      read();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    (document.querySelector("main > header") || document.querySelector("main")).append(form);
  }

  function choice(name, value) {
    const label = make("label", {}, make("input", { type: "checkbox", name, value }));
    if (name === "precision") {
      const swatch = make("i", { className: "swatch" });
      swatch.dataset.color = value;
      swatch.setAttribute("aria-hidden", "true");
      label.append(swatch);
    }
    label.append(value);
    return label;
  }

  function read() {
    for (const [name] of DIMENSIONS) chosen[name].clear();
    for (const box of all("input:checked", form)) chosen[box.name].add(box.value);
    filter();
    remember();
  }

  // Sorting: by true values where a column has any, else by its texts; what is missing comes last.

  function value(cell) {
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    const words = [...cell.childNodes].filter((node) => !(node.classList && /detail|mark|swatch/.test(node.className)));
    const text = words.map((node) => node.textContent).join("").trim();
    return text === "–" ? "" : text;
  }

  function sort(table, column, way) {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, value: way ? value(row.cells[column]) : Number(row.dataset.place) }));
    const sign = way === "down" ? -1 : 1;
    const hasNumbers = rows.some((one) => typeof one.value === "number");
    const isMissing = (one) => one.value === "" || (hasNumbers && typeof one.value !== "number");
    rows.sort((a, b) => {
      if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
      return sign * (hasNumbers ? a.value - b.value : collator.compare(a.value, b.value));
    });
    body.append(...rows.map((one) => one.row));
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      if (way && place === column) head.setAttribute("aria-sort", ARROWS[way]);
      else head.removeAttribute("aria-sort");
    });
    if (way) sorted.set(table, [column, way]);
    else sorted.delete(table);
  }

  function makeSortable(table) {
    [...table.tBodies[0].rows].forEach((row, place) => { row.dataset.place = place; });
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const title = make("span", { className: "title" });
      const button = make("button", { type: "button", title: "Sort by this column" }, title);
      const [first, ...rest] = head.childNodes;
      title.append(first || "");
      button.append(...rest);
      head.append(button);
      button.addEventListener("click", () => {
        const [now, way] = sorted.get(table) || [];
        const next = now !== column ? "up" : way === "up" ? "down" : null;
        sort(table, column, next);
        status.value = next ? `Sorted by ${title.textContent}, ${ARROWS[next]}.` : "In the order of the report again.";
        remember();
      });
    });
  }

  // The state stands in the address, so that a link shows what its sender saw.

  function remember() {
    const state = new URLSearchParams();
    for (const [name] of DIMENSIONS) for (const one of chosen[name]) state.append(name, one);
    for (const [table, [column, way]] of sorted) state.append("sort", `${tables.indexOf(table)}.${column}.${way}`);
    const words = String(state);
    if (words !== location.hash.slice(1)) history.replaceState(null, "", words ? `#${words}` : location.href.split("#")[0]);
  }

  function recall() {
    if (!location.hash.includes("=") && location.hash.length > 1) return;
    const state = new URLSearchParams(location.hash.slice(1));
    for (const box of form ? all("input", form) : []) box.checked = state.getAll(box.name).includes(box.value);
    for (const [name] of DIMENSIONS) chosen[name] = new Set(state.getAll(name));
    for (const table of [...sorted.keys()]) sort(table, 0, null);
    for (const words of state.getAll("sort")) {
      const [place, column, way] = words.split(".");
      const table = tables[Number(place)];
      if (table && table.tHead.rows[0].cells[Number(column)] && ARROWS[way]) sort(table, Number(column), way);
    }
    filter();
  }

  // Details of a point: under the pointer, at the focus. One stop of the tab key a chart, arrows go on.

  const tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");

  const points = (chart) => all("[data-tip]", chart).filter((one) => !one.classList.contains("filtered"));

  function enterAt(chart, point) {
    for (const one of all("[data-tip]", chart)) one.setAttribute("tabindex", one === point ? "0" : "-1");
  }

  function makeChart(chart) {
    for (const title of all("svg * > title", chart.parentNode)) title.parentNode.dataset.tip ??= title.textContent;
    const found = all("[data-tip]", chart);
    if (!found.length) return;
    chart.setAttribute("role", "group");
    for (const one of found) {
      one.setAttribute("role", "img");
      one.setAttribute("aria-label", one.dataset.tip);
      all("title", one).forEach((title) => title.remove());
    }
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const near = points(chart).sort((a, b) => centre(a)[0] - centre(b)[0]);
      const place = near.indexOf(document.activeElement);
      if (step && place >= 0) {
        event.preventDefault();
        const next = near[(place + step + near.length) % near.length];
        enterAt(chart, next);
        next.focus();
      } else if (event.key === "Enter" && place >= 0) open(near[place]);
    });
    chart.addEventListener("pointermove", (event) => show(nearest(chart, event.clientX, event.clientY)));
    chart.addEventListener("pointerleave", () => show(null));
    chart.addEventListener("click", (event) => open(nearest(chart, event.clientX, event.clientY)));
  }

  function centre(one) {
    const box = one.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  }

  function nearest(chart, x, y) {
    const far = ([left, top]) => Math.hypot(left - x, top - y);
    const [best] = points(chart).map((one) => [far(centre(one)), one]).sort((a, b) => a[0] - b[0]);
    return best && best[0] < 24 ? best[1] : null;
  }

  function show(one) {
    for (const row of all("tr.lit")) row.classList.remove("lit");
    tip.hidden = !one;
    if (!one) return;
    all("title", one).forEach((title) => title.remove());
    tip.textContent = one.dataset.tip;
    const box = one.getBoundingClientRect();
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
    const above = box.top - tip.offsetHeight - 10;
    tip.style.top = `${above > 4 ? above : box.bottom + 10}px`;
    for (const row of all("tr[data-case]")) row.classList.toggle("lit", row.dataset.case === one.dataset.case);
  }

  // A point leads to its case, where the page has more about it.
  function open(point) {
    if (!point || !point.dataset.case) return;
    const about = all("details[data-case]").find((one) => one.dataset.case === point.dataset.case);
    if (!about) return;
    about.open = true;
    about.scrollIntoView();
    about.querySelector("summary").focus({ preventScroll: true });
  }

  makeForm();
  tables.forEach(makeSortable);
  all("svg.chart").forEach(makeChart);
  document.body.append(tip);
  const target = (event) => (event.target.closest ? event.target.closest("[data-tip]") : null);
  document.addEventListener("focusin", (event) => show(target(event)));
  document.addEventListener("pointerover", (event) => {
    if (!event.target.closest("svg.chart")) show(target(event));
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") show(null); });
  document.addEventListener("scroll", () => show(null), { passive: true });

  // Links within the page leave the address to the filters.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const goal = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!goal) return;
    event.preventDefault();
    goal.setAttribute("tabindex", "-1");
    goal.focus({ preventScroll: true });
    goal.scrollIntoView();
  });

  // Paper cannot be opened: what is folded prints open, but for single cases, of which there may be hundreds.
  const folds = () => all("details:not(.case)").filter((one) => !one.open);
  let opened = [];
  addEventListener("beforeprint", () => { opened = folds(); opened.forEach((one) => { one.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((one) => { one.open = false; }); });
  addEventListener("hashchange", recall);

  filter();
  recall();
})();
