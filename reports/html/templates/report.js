"use strict";
(() => {
  // One filter form steers one list: text is searched in the rows, selects compare the rows' data attributes.
  const attach = (form) => {
    const list = document.getElementById(form.dataset.for);
    const rows = Array.from(list.querySelectorAll(form.dataset.rows));
    const groups = Array.from(list.querySelectorAll("[data-group]"));
    const page = Number(form.dataset.page);
    const output = form.querySelector("output");
    const more = document.querySelector(`[data-more="${form.dataset.for}"]`);
    const owner = rows.map((row) => row.closest("[data-group]"));
    const texts = new Array(rows.length);
    let limit = page;

    const text = (index) => {
      if (texts[index] === undefined) {
        const title = owner[index] ? owner[index].dataset.c + " " : "";
        texts[index] = (title + rows[index].textContent).toLowerCase();
      }
      return texts[index];
    };
    const value = (index, key) => rows[index].dataset[key] ?? (owner[index] ? owner[index].dataset[key] : "");

    const apply = () => {
      const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = Array.from(form.querySelectorAll("select")).filter((select) => select.value);
      const alive = new Set();
      let found = 0;
      rows.forEach((row, index) => {
        const match =
          wanted.every((select) => `|${value(index, select.name)}|`.includes(`|${select.value}|`)) &&
          words.every((word) => text(index).includes(word));
        if (match) found += 1;
        const shown = match && found <= limit;
        if (row.hidden === match) row.hidden = !match;
        if (row.classList.contains("s") !== shown) row.classList.toggle("s", shown);
        if (match) alive.add(owner[index]);
        if (shown && owner[index]) owner[index].classList.add("s");
      });
      groups.forEach((group) => {
        group.hidden = !alive.has(group);
        group.classList.toggle("s", group.querySelector("[data-row].s") !== null);
      });
      const left = Math.max(0, found - limit);
      output.value = `${found.toLocaleString("en")} of ${rows.length.toLocaleString("en")} ${form.dataset.noun}`;
      more.hidden = left === 0;
      more.textContent = `Show ${Math.min(left, page).toLocaleString("en")} more of ${left.toLocaleString("en")}`;
    };

    const restart = () => {
      limit = page;
      apply();
    };
    form.addEventListener("input", restart);
    form.addEventListener("reset", () => setTimeout(restart));
    form.addEventListener("submit", (event) => event.preventDefault());
    more.addEventListener("click", () => {
      limit += page;
      apply();
    });
    apply();
    // Reading the text of thousands of rows takes a moment: better while nobody waits for it.
    setTimeout(() => rows.forEach((row, index) => text(index)), 200); // Safari has no requestIdleCallback
  };
  document.querySelectorAll("form[data-for]").forEach(attach);

  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 2000);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });

  // Paper has no triangles to click: everything is open while it prints.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    closed.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((details) => (details.open = false)));
})();
