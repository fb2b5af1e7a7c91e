const MOST_PRINTED = 200; // rows of a list on paper
const MOST_PRINTED_OF_GROUP = 10;
const MOST_PRINTED_OF_CHECK = 2; // undetermined outcomes, which often have one reason

// The rows that a form filters, and how to draw the matches. All filters of a form apply together.
class List {
  constructor(form) {
    this.form = form;
    this.place = document.getElementById(form.dataset.for);
    this.first = Number(form.dataset.page);
    this.isWhole = false; // print all rows at once
    this.high = 60; // estimated height of a row, in pixels
    form.addEventListener("input", () => this.draw());
    form.addEventListener("reset", () => setTimeout(() => this.draw()));
    form.addEventListener("submit", (event) => event.preventDefault());
    this.cut = made("p", "", {className: "cut", hidden: true});
    this.place.after(this.cut);
  }

  markup(row) {
    return row.html;
  }

  dress(drawn) {
    withCopyButtons(drawn);
  }

  value(name) {
    return this.form.elements[name]?.value ?? "";
  }

  search(text, others = {}) {
    this.set({q: text, ...others});
    filtersChanged(this);
  }

  // Set all filters.
  set(values) {
    this.form.reset();
    for (const [name, value] of Object.entries(values)) if (this.form.elements[name]) this.form.elements[name].value = value;
    this.draw();
  }

  get values() {
    const controls = Array.from(this.form.querySelectorAll("input,select"));
    return Object.fromEntries(controls.filter((one) => one.value).map((one) => [one.name, one.value]));
  }

  // On paper, long lists are cut unless the reader asks for everything.
  whole(isWhole, isCut = false) {
    Object.assign(this, {isWhole, isCut});
    this.draw();
  }

  draw() {
    const words = this.value("q").toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Array.from(this.form.querySelectorAll("select"))
      .filter((select) => select.value && select.name !== "by")
      .map((select) => [select.name, String(select.selectedIndex - 1)]);
    const found = this.rows.filter((row) => this.fits(row, wanted) && words.every((word) => row.text.includes(word)));
    const left = found.length - this.show(found);
    this.cut.hidden = !left;
    this.cut.textContent = `${number(left)} more ${this.form.dataset.noun} are not printed. The HTML and JSON reports have them all.`;
    this.tell(found.length);
  }

  fits(row, wanted) {
    return wanted.every(([name, value]) => row.words(name).includes(value));
  }

  tell(found) {
    const chosen = Array.from(this.form.querySelectorAll("input,select"))
      .filter((control) => control.value && control.name !== "by")
      .map((control) => control.selectedOptions?.[0].text ?? `“${control.value}”`);
    const only = chosen.length ? `, only ${chosen.join(" and ")}` : "";
    this.form.querySelector("output").value =
      `${number(found)} of ${number(this.rows.length)} ${this.form.dataset.noun}${only}`;
    this.form.classList.toggle("filtered", chosen.length > 0);
  }
}

// Findings. Their groups are always in the page, each with its heading and remedies.
class Groups extends List {
  constructor(form) {
    super(form);
    this.high = 150;
    this.groups = Array.from(this.place.querySelectorAll(".group"), (section) => {
      const noscript = section.querySelector("noscript");
      const group = {heading: shownBefore(noscript), keys: {s: [section.dataset.s], c: [section.dataset.c]}};
      const {rows, body} = taken(noscript, group);
      const more = moreButton();
      body.after(more);
      body.remove();
      let around = null; // the chunks of one drawing
      const addChunk = () => {
        const chunk = body.cloneNode(false);
        around.append(chunk);
        return chunk;
      };
      const part = new Part(this, addChunk, more);
      part.clear = () => {
        if (around) discard(around, this.rows.length <= AT_ONCE);
        around = made("div", "");
        more.before(around);
      };
      return Object.assign(group, {section, rows, part});
    });
    this.rows = this.groups.flatMap((group) => group.rows);
    this.draw();
  }

  show(found) {
    const matching = grouped(found, (row) => [row.group]);
    let shown = 0;
    for (const group of this.groups) {
      const rows = (matching.get(group) ?? []).slice(0, this.isCut ? MOST_PRINTED_OF_GROUP : undefined);
      group.section.hidden = rows.length === 0;
      group.part.fill(rows);
      shown += rows.length;
    }
    const infos = document.getElementById("infos"); // folded, unless a filter asks for what is in it
    if (infos) {
      infos.hidden = !this.groups.some((group) => infos.contains(group.section) && !group.section.hidden);
      infos.open ||= !infos.hidden && found.length < this.rows.length;
    }
    return shown;
  }
}

// A table whose rows may be grouped by one value. Groups are collapsed and show their number of rows.
class Table extends List {
  constructor(form) {
    super(form);
    const {rows, body} = taken(this.place.querySelector("noscript"));
    this.rows = rows;
    this.table = body.parentElement;
    this.width = this.table.tHead.rows[0].cells.length;
    nameColumns(this.table);
    this.draw();
  }

  dress(drawn) {
    for (const row of drawn.children) row.cells[0].scope = "row";
  }

  show(found) {
    this.renew();
    const by = this.value("by");
    if (by) {
      for (const [key, rows] of this.ordered(grouped(found, (row) => row.words(by)))) this.group(this.title(by, key), rows);
      return found.length;
    }
    const rows = this.printed(found);
    this.main = this.part();
    this.main.fill(rows);
    return rows.length;
  }

  // Continue with a new table, which takes over the head. Folded groups are table bodies of the same table.
  renew() {
    const old = this.table;
    this.table = old.cloneNode(false);
    this.table.append(old.tHead);
    old.after(this.table);
    discard(old, this.rows.length <= AT_ONCE);
  }

  printed(rows) {
    if (!this.isCut) return rows;
    return Array.from(grouped(rows, (row) => row.words("c")).values()).flatMap((alike) => alike.slice(0, MOST_PRINTED_OF_CHECK));
  }

  ordered(groups) {
    return Array.from(groups).sort(([, one], [, other]) => other.length - one.length);
  }

  title(by, key) {
    const names = document.getElementById(`${this.form.dataset.for}-${by}`);
    return names ? names.options[key].text : this.form.elements[by].options[Number(key) + 1].text;
  }

  part() {
    const more = moreButton();
    const end = this.across("td", more, "n").parentElement.parentElement;
    return this.partBefore(end, more);
  }

  // A part whose chunks are table bodies before `end`.
  partBefore(end, more) {
    const addChunk = () => {
      const chunk = made("tbody", "");
      end.before(chunk);
      return chunk;
    };
    const part = new Part(this, addChunk, more);
    part.clear = () => {
      for (const chunk of part.chunks) chunk.remove();
    };
    return part;
  }

  // A table body with one cell across all columns.
  across(name, content, className) {
    const cell = made(name, "", {colSpan: this.width, className});
    cell.append(content);
    const row = made("tr", "", {className: "across"});
    row.append(cell);
    this.table.createTBody().append(row);
    return cell;
  }

  group(title, rows) {
    const button = made("button", title, {type: "button", ariaExpanded: String(this.isWhole)});
    button.append(made("small", `${number(rows.length)} of ${number(this.rows.length)} ${this.form.dataset.noun}`));
    this.across("th", button, "fold").scope = "rowgroup";
    const part = this.part();
    const toggle = (isOpen) => {
      button.ariaExpanded = String(isOpen);
      part.fill(isOpen ? rows : []);
    };
    button.addEventListener("click", () => toggle(button.ariaExpanded === "false"));
    toggle(this.isWhole);
  }
}

// Images by pool. A row has at most two lines until it is opened. If a pool is selected, only its column is shown. Arrow keys move
// between cells.
class Matrix extends Table {
  // Status and pool together select rows with that status on that pool.
  fits(row, wanted) {
    if (!wanted.length) return true;
    const [status, pool] = [this.value("s"), this.value("p")];
    const asked = pool === "" ? row.columns : [row.columns[pool]];
    return asked.some((statuses) => statuses.length && (status === "" || statuses.includes(status)));
  }

  // As text, because this is faster for many rows. Notes are hidden until the row is opened, but find-in-page finds them.
  markup(row) {
    const trouble = this.troubles[row.words("t")[0]];
    const why = trouble ? `<span class=why>${trouble}</span>` : "";
    return row.html
      .replace(/<p(?!><a)/g, "<p hidden=until-found")
      .replace("<p><a ", "<p class=link><a tabindex=-1 ")
      .replace(/<th>([^<]*)/, (_, name) => `<th scope=row aria-expanded=false><div class=two>${name}${why}</div>`);
  }

  dress() {}

  // The reason of each problem, as HTML, without the status that the cell shows.
  get troubles() {
    const titles = () => Array.from(document.getElementById("matrix-t").options, (one) => one.innerHTML);
    this.reasons ??= titles().map((title) => title.split(": ").slice(1).join(": ").replace(/`([^`]+)`/g, "<code>$1</code>"));
    return this.reasons;
  }

  show(found) {
    this.high = 34;
    if (!this.grid) {
      this.table.style.setProperty("--pools", this.width - 1);
      this.grid = new Grid(this.place, this.table, "Images by pool", {grow: (isAll) => this.grow(isAll), toggle: (row) => this.toggle(row)});
      this.place.addEventListener("beforematch", (event) => this.toggle(event.target.closest("tr"), true));
      this.place.addEventListener("click", ({target}) => {
        const row = target.closest("tr[data-t]");
        if (row && !target.closest("a") && getSelection().isCollapsed) this.toggle(row);
      });
    }
    this.table.dataset.only = this.value("p");
    const shown = super.show(found);
    this.grid.dress(this.table);
    this.grid.reset();
    return shown;
  }

  printed(rows) {
    return this.isCut ? rows.slice(0, MOST_PRINTED) : rows;
  }

  renew() {
    super.renew();
    this.grid.table = this.table;
  }

  part() {
    const end = this.table.createTBody();
    return this.partBefore(end);
  }

  toggle(row, isOpen = !row.classList.contains("open")) {
    row.classList.toggle("open", isOpen);
    row.cells[0].ariaExpanded = String(isOpen);
    for (const note of row.querySelectorAll("p[hidden],p.shown")) {
      note.hidden = isOpen ? false : "until-found";
      note.classList.toggle("shown", isOpen);
    }
  }

  // Draw rows that wait, for the keyboard. Return whether there were some.
  grow(isAll) {
    const part = this.main;
    if (!part || part.shown >= part.rows.length) return false;
    while (part.grow(CHUNK) && isAll);
    return true;
  }

  whole(isWhole, isCut = false) {
    super.whole(isWhole, isCut);
    if (isWhole && !isCut) for (const row of this.table.querySelectorAll("tr[data-t]")) this.toggle(row, true);
  }
}
