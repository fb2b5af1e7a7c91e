// Arrow keys in a table, after the grid pattern of WAI-ARIA: the whole table is one stop for Tab, and the keys move it from
// cell to cell. A cell whose only content is a button stands for that button. Going down beyond the last row brings more.
const PAGE_OF_ROWS = 10;

class Grid {
  #stop = null; // the cell or button that Tab comes to
  #column = 0; // where Up and Down go, also across rows that have one cell

  constructor(table, name) {
    Object.assign(table, {role: "grid", ariaLabel: name});
    table.parentElement.removeAttribute("tabindex"); // what scrolls is reached by its cells
    table.addEventListener("keydown", (event) => this.pressed(event));
    table.addEventListener("focusin", ({target}) => target.matches("td,th,.fold button") && this.stopAt(target));
    this.table = table;
  }

  // Links are reached from their cell, by Enter.
  dress(rows) {
    for (const link of rows.querySelectorAll("a,.fold button")) link.tabIndex = -1;
  }

  // After the rows have changed: Tab comes to the first cell.
  reset() {
    this.#column = 0;
    const [first] = this.first()?.cells ?? []; // not by its place on the page, which nobody has worked out yet
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

  // The next row that can be seen, in whichever body.
  beside(row, way) {
    const [sibling, end] = way > 0 ? ["nextElementSibling", "firstElementChild"] : ["previousElementSibling", "lastElementChild"];
    let found = row[sibling];
    for (let body = row.parentElement[sibling]; !found && body?.matches("tbody"); body = body[sibling]) found = body[end];
    return found && !this.cells(found).length ? this.beside(found, way) : found;
  }

  // As far as `steps` rows go. More rows are brought when the way leads to the button for them.
  along(row, steps) {
    const way = Math.sign(steps);
    for (let left = Math.abs(steps); left; left -= 1) {
      let next = this.beside(row, way);
      const more = way > 0 && next?.querySelector(":scope > td > button.more");
      if (more) {
        more.click();
        next = this.beside(row, way);
      }
      if (!next) break;
      row = next;
    }
    return row;
  }

  last() {
    let row = this.table.tBodies[this.table.tBodies.length - 1].lastElementChild;
    while (row && (!this.cells(row).length || row.querySelector("button.more"))) row = this.beside(row, -1);
    return row;
  }

  go(row, column) {
    const cells = this.cells(row);
    const cell = cells[Math.min(column, cells.length - 1)];
    if (!cell) return;
    this.stopAt(this.target(cell)); // a cell is no target of the keyboard before it has a place among the stops
    this.#stop.focus();
  }

  pressed(event) {
    const cell = event.target.closest("td,th") ?? event.target.cells?.[0];
    if (!cell || event.altKey || event.metaKey || event.shiftKey) return;
    const row = cell.parentElement;
    if (event.key === "Enter" && event.target === cell) {
      const link = cell.querySelector("a");
      if (!link) return;
      event.preventDefault();
      link.click();
      return;
    }
    const to = this.leads(event, row, this.cells(row).indexOf(cell));
    if (!to) return;
    event.preventDefault();
    this.go(...to);
  }

  // Row and column that a key leads to; nothing for a key that is none of ours.
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
