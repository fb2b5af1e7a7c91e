const MORE = 100;

// A table body with its first rows, and a button that loads more.
class Part {
  constructor(list, body, more) {
    Object.assign(this, {list, body, more, rows: [], shown: 0});
    more.addEventListener("click", () => this.grow(MORE));
  }

  fill(rows) {
    Object.assign(this, {rows, shown: 0});
    this.body.replaceChildren();
    this.grow(this.list.first);
  }

  grow(count) {
    const until = this.list.isWhole ? this.rows.length : Math.min(this.rows.length, this.shown + count);
    const drawn = elements(this.rows.slice(this.shown, until).map((row) => row.html).join(""));
    this.list.dress(drawn);
    const [first] = drawn.children;
    const hadFocus = document.activeElement === this.more;
    this.body.append(drawn);
    this.shown = until;
    const left = this.rows.length - until;
    this.more.hidden = left === 0;
    this.more.textContent = left > MORE ? `Show ${number(MORE)} more of ${number(left)}` : `Show ${number(left)} more`;
    if (hadFocus && this.more.hidden) focusOn(first);
  }
}

// The text that a group states once for all of its rows. A search for it finds the rows.
const shownBefore = (element) => {
  const texts = [];
  for (let one = element.previousElementSibling; one; one = one.previousElementSibling) texts.unshift(one.textContent);
  return texts.join(" ");
};

const moreButton = () => made("button", "", {type: "button", className: "more"});

const focusOn = (element) => {
  element.tabIndex = -1;
  element.focus();
};

const grouped = (rows, keys) => {
  const groups = new Map();
  for (const row of rows) {
    for (const key of keys(row)) {
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    }
  }
  return groups;
};

// The rows that a form filters, and how to draw the matches. All filters of a form apply together.
class List {
  constructor(form) {
    this.form = form;
    this.place = document.getElementById(form.dataset.for);
    this.first = Number(form.dataset.page);
    this.isWhole = false; // print all rows at once
    form.addEventListener("input", () => this.draw());
    form.addEventListener("reset", () => setTimeout(() => this.draw()));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  dress(drawn) {
    withCopyButtons(drawn);
  }

  value(name) {
    return this.form.elements[name]?.value ?? "";
  }

  search(text) {
    this.form.reset();
    this.form.elements.q.value = text;
    this.draw();
  }

  whole(isWhole) {
    this.isWhole = isWhole;
    this.draw();
  }

  draw() {
    const words = this.value("q").toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Array.from(this.form.querySelectorAll("select"))
      .filter((select) => select.value && select.name !== "by")
      .map((select) => [select.name, String(select.selectedIndex - 1)]);
    const found = this.rows.filter((row) => this.fits(row, wanted) && words.every((word) => row.text.includes(word)));
    this.show(found);
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
    this.groups = Array.from(this.place.querySelectorAll(".group"), (section) => {
      const group = {heading: shownBefore(section.querySelector("noscript")), keys: {s: [section.dataset.s], c: [section.dataset.c]}};
      const {rows, body} = taken(section.querySelector("noscript"), group);
      const more = moreButton();
      section.append(more);
      return Object.assign(group, {section, rows, part: new Part(this, body, more)});
    });
    this.rows = this.groups.flatMap((group) => group.rows);
    this.draw();
  }

  show(found) {
    const matching = grouped(found, (row) => [row.group]);
    for (const group of this.groups) {
      const rows = matching.get(group) ?? [];
      group.section.hidden = rows.length === 0;
      group.part.fill(rows);
    }
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
    this.draw();
  }

  dress(drawn) {
    nameCells(this.table, drawn.children);
    for (const row of drawn.children) row.cells[0].scope = "row";
  }

  show(found) {
    for (const body of Array.from(this.table.tBodies)) body.remove();
    const by = this.value("by");
    if (!by) this.part().fill(found);
    else for (const [key, rows] of this.ordered(grouped(found, (row) => row.words(by)))) this.group(this.title(by, key), rows);
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
    const body = this.table.createTBody();
    this.across("td", more, "n");
    return new Part(this, body, more);
  }

  // A table body with one cell across all columns.
  across(name, content, className) {
    const cell = made(name, "", {colSpan: this.width, className});
    cell.append(content);
    const row = made("tr", "");
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

// Images by pool. If a pool is selected, only its column is shown. Arrow keys move between cells.
class Matrix extends Table {
  // Status and pool together select rows with that status on that pool.
  fits(row, wanted) {
    if (!wanted.length) return true;
    const [status, pool] = [this.value("s"), this.value("p")];
    const asked = pool === "" ? row.columns : [row.columns[pool]];
    return asked.some((statuses) => statuses.length && (status === "" || statuses.includes(status)));
  }

  show(found) {
    const heads = Array.from(this.table.tHead.rows[0].cells).slice(1);
    heads.forEach((head, place) => (head.hidden = this.isAside(place)));
    this.grid ??= new Grid(this.table, "Images by pool");
    super.show(found);
    this.grid.dress(this.table);
    this.grid.reset();
  }

  isAside(place) {
    return this.value("p") !== "" && this.value("p") !== String(place);
  }

  dress(drawn) {
    super.dress(drawn);
    this.grid.dress(drawn);
    for (const row of drawn.children) Array.from(row.cells).slice(1).forEach((cell, place) => (cell.hidden = this.isAside(place)));
  }
}
