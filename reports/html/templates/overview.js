// The overview has one small cell per image and pool, as a drawing. Pointing at a cell or moving to it with the arrow keys names it;
// a click or Enter filters the table. For screen readers, each strip is a list box whose active option is the cell.
const CELL = 12; // in units of the drawing, as in overview.py

class Strip {
  #cells = null;
  #at = 0;
  #options = [];

  constructor(place, matrix, named) {
    const {p, cols, name} = place.dataset;
    Object.assign(this, {place, matrix, named, pool: Number(p), columns: Number(cols), name, drawing: place.querySelector("svg")});
    Object.assign(place, {role: "listbox", tabIndex: 0, ariaLabel: `Cells of ${name}, worst first`});
    // Two options in turn, because a screen reader reads an active option only if it is another element.
    this.#options = [0, 1].map((number) => {
      const option = made("div", name, {role: "option", id: `cell-${p}-${number}`, className: "spoken", ariaSelected: "false"});
      place.append(option);
      return option;
    });
    this.mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const side of ["width", "height"]) this.mark.setAttribute(side, CELL);
    this.mark.classList.add("cursor");
    place.setAttribute("aria-activedescendant", this.#options[0].id);
    place.addEventListener("pointermove", (event) => this.point(this.under(event)));
    place.addEventListener("pointerleave", () => this.mark.remove());
    place.addEventListener("click", (event) => this.choose(this.under(event)));
    place.addEventListener("focus", () => this.move(this.#at));
    place.addEventListener("blur", () => this.mark.remove());
    place.addEventListener("keydown", (event) => this.pressed(event));
  }

  // The rows of this pool, in the order of the drawing: by the worst word, and within it by the order of the table.
  get cells() {
    if (!this.#cells) {
      const order = Array.from(this.matrix.form.elements.s.options, (option) => option.text);
      const worst = (row) => Math.min(...row.columns[this.pool].map((word) => order.indexOf(word)));
      const needed = this.matrix.rows.filter((row) => row.columns[this.pool]?.length).map((row) => [worst(row), row]);
      this.#cells = needed.sort(([one], [other]) => one - other).map(([, row]) => row);
    }
    return this.#cells;
  }

  under({clientX, clientY}) {
    const box = this.drawing.getBoundingClientRect();
    const unit = box.width / this.columns;
    const [column, line] = [Math.floor((clientX - box.left) / unit), Math.floor((clientY - box.top) / unit)];
    return column < 0 || column >= this.columns || line < 0 ? -1 : line * this.columns + column;
  }

  describe(at) {
    const row = this.cells[at];
    return `${row.name} on ${this.name}: ${row.columns[this.pool].join(", ")}`;
  }

  point(at) {
    this.mark.remove();
    if (!this.cells[at]) return false;
    this.mark.setAttribute("x", (at % this.columns) * CELL);
    this.mark.setAttribute("y", Math.floor(at / this.columns) * CELL);
    this.drawing.append(this.mark);
    this.named.textContent = this.describe(at);
    return true;
  }

  move(at) {
    if (!this.point(at)) return;
    this.#at = at;
    this.#options.reverse();
    const [option] = this.#options;
    Object.assign(option, {textContent: this.describe(at), ariaPosInSet: String(at + 1), ariaSetSize: String(this.cells.length)});
    this.place.setAttribute("aria-activedescendant", option.id);
  }

  choose(at) {
    if (this.cells[at]) this.matrix.search(this.cells[at].name, {p: String(this.pool)});
  }

  pressed(event) {
    if (event.altKey || event.metaKey || event.shiftKey || event.ctrlKey) return;
    const last = this.cells.length - 1;
    const to = {
      ArrowRight: this.#at + 1,
      ArrowLeft: this.#at - 1,
      ArrowDown: this.#at + this.columns,
      ArrowUp: this.#at - this.columns,
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.choose(this.#at);
    else if (to === undefined) return;
    else this.move(to < 0 || to > last ? this.#at : to);
    event.preventDefault();
  }
}
