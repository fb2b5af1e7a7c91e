// Arrow keys in a table, after the grid pattern of WAI-ARIA: Tab stops once at the table, and arrow keys move between cells.
// In a cell that contains only a button, the button gets the focus. Enter opens the link of a cell, or else opens the row, and Space
// opens the row.
const PAGE_OF_ROWS = 10;

class Grid {
  #stop = null; // the cell or button that Tab stops at
  #column = 0; // column for Up and Down, kept across rows with one cell

  // `rows.grow(isAll)` draws rows that wait, and returns whether there were some. `rows.toggle(row)` opens or closes a row.
  constructor(place, table, name, rows) {
    Object.assign(table, {role: "grid", ariaLabel: name});
    place.removeAttribute("tabindex"); // the cells make the scroll area reachable
    place.addEventListener("keydown", (event) => this.pressed(event));
    place.addEventListener("focusin", ({target}) => target.matches("td,th,.fold button") && this.stopAt(target));
    Object.assign(this, {table, rows});
  }

  // Enter in a cell opens its link.
  dress(rows) {
    for (const link of rows.querySelectorAll("a,.fold button")) link.tabIndex = -1;
  }

  // After the rows have changed, Tab stops at the first cell.
  reset() {
    this.#column = 0;
    const [first] = this.first()?.cells ?? []; // not by its position, because the page has no layout yet
    if (first && !this.target(first).hidden) this.stopAt(this.target(first));
  }

  stopAt(target) {
    if (this.#stop) this.#stop.tabIndex = -1;
    this.#stop = target;
    target.tabIndex = 0;
  }

  target(cell) {
    return cell.querySelector(":scope > button") ?? cell;
  }

  cells(row) {
    return row ? Array.from(row.cells).filter((cell) => this.target(cell).getClientRects().length) : [];
  }

  first() {
    return this.table.querySelector("tbody tr");
  }

  // The next visible row, in any table body.
  beside(row, way) {
    const [sibling, end] = way > 0 ? ["nextElementSibling", "firstElementChild"] : ["previousElementSibling", "lastElementChild"];
    let found = row[sibling];
    for (let body = row.parentElement[sibling]; !found && body?.matches("tbody"); body = body[sibling]) found = body[end];
    return found && !this.cells(found).length ? this.beside(found, way) : found;
  }

  along(row, steps) {
    const way = Math.sign(steps);
    for (let left = Math.abs(steps); left; left -= 1) {
      const next = this.beside(row, way) ?? (way > 0 && this.rows.grow(false) && this.beside(row, way));
      if (!next) break;
      row = next;
    }
    return row;
  }

  last() {
    this.rows.grow(true);
    let row = Array.from(this.table.tBodies).findLast((body) => body.rows.length)?.lastElementChild;
    while (row && !this.cells(row).length) row = this.beside(row, -1);
    return row;
  }

  go(row, column) {
    const cells = this.cells(row);
    const cell = cells[Math.min(column, cells.length - 1)];
    if (!cell) return;
    this.stopAt(this.target(cell)); // a cell can get the focus only after it has a tabindex
    this.#stop.focus();
  }

  pressed(event) {
    const cell = event.target.closest("td,th") ?? event.target.cells?.[0];
    if (!cell || event.altKey || event.metaKey || event.shiftKey) return;
    const row = cell.parentElement;
    if ((event.key === "Enter" || event.key === " ") && event.target === cell) {
      event.preventDefault();
      const link = event.key === "Enter" && cell.querySelector("a");
      if (link) link.click();
      else if (row.dataset.t) this.rows.toggle(row);
      return;
    }
    const to = this.leads(event, row, this.cells(row).indexOf(cell));
    if (!to) return;
    event.preventDefault();
    this.go(...to);
  }

  // Target row and column of a key, or undefined for other keys.
  leads(event, row, place) {
    const columns = this.cells(row).length;
    const across = (column) => [row, (this.#column = Math.max(0, Math.min(column, columns - 1)))];
    const along = (steps) => [this.along(row, steps), columns > 1 ? (this.#column = place) : this.#column];
    if (event.ctrlKey) {
      if (event.key === "Home") return [this.first(), (this.#column = 0)];
      if (event.key === "End") return [this.last(), (this.#column = Infinity)];
      return null;
    }
    switch (event.key) {
      case "ArrowRight": return across(place + 1);
      case "ArrowLeft": return across(place - 1);
      case "Home": return across(0);
      case "End": return across(Infinity);
      case "ArrowDown": return along(1);
      case "ArrowUp": return along(-1);
      case "PageDown": return along(PAGE_OF_ROWS);
      case "PageUp": return along(-PAGE_OF_ROWS);
      default: return null;
    }
  }
}
