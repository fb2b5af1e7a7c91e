// Ten thousand rows as elements would take the browser seconds. Therefore they are in <noscript>, one per line. A browser without
// scripts shows them all. With scripts they are text, and only the displayed rows become elements.
const ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'"};
const plain = (html) => html.replace(/&(?:amp|lt|gt|#34|#39);/g, (one) => ENTITIES[one]);

const elements = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html; // from this report's templates, which escape untrusted text
  return template.content;
};

// Commands are in <pre>. With scripts, each gets a copy button.
const withCopyButtons = (place) => {
  for (const command of place.querySelectorAll("pre")) command.after(made("button", "Copy", {type: "button", className: "copy"}));
};

// On narrow screens, and in an open row of the matrix, the cells of a row are stacked. Each then shows the name of its column, by a
// rule of the style sheet: an attribute on each of 60,000 cells would take time.
const quoted = (text) => `"${text.replace(/["\\\n]/g, (one) => `\\${one.codePointAt(0).toString(16)} `)}"`;
let tables = 0;

const nameColumns = (table) => {
  tables += 1;
  table.dataset.table = tables;
  const [sheet] = document.styleSheets;
  const rule = (text) => sheet.insertRule(text, sheet.cssRules.length);
  Array.from(table.tHead.rows[0].cells, (head, place) => {
    const own = `[data-table="${tables}"]`;
    if (place) rule(`${own} td:nth-child(${place + 1}){--head:${quoted(head.firstChild.textContent)}}`);
    if (place) rule(`${own}[data-only="${place - 1}"] :is(td,thead th):nth-child(n+2):not(:nth-child(${place + 1})){display:none}`);
  });
};

const made = (name, text, properties = {}) => Object.assign(document.createElement(name), {textContent: text}, properties);
const number = (count) => count.toLocaleString("en");

const BUILDS = Array.from(document.getElementById("matrix-b")?.options ?? [], (option) => option.innerHTML);

const statuses = (cell) => cell.split("<br>").map((one) => plain(one.split("<", 1)[0]));

class Row {
  #raw;
  #html;
  #text;
  #keys;
  #columns;

  constructor(raw, group) {
    this.#raw = raw;
    this.group = group;
  }

  // A large matrix gives Windows builds short names (W1). Rows on the page, and the search, have the builds.
  get html() {
    this.#html ??= BUILDS.length ? this.#raw.replace(/<p>W(\d+)(?=,|<|$)/g, (short, at) => `<p>${BUILDS[at - 1] ?? short}`) : this.#raw;
    return this.#html;
  }

  // The reference of an image.
  get name() {
    return plain(this.#raw.slice(this.#raw.indexOf("<th>") + 4).split("<", 1)[0]);
  }

  get text() {
    this.#text ??= plain(`${this.group?.heading ?? ""} ${this.html.replace(/<[^>]*>/g, " ")}`).toLowerCase();
    return this.#text;
  }

  // Precompute the values that the filters need.
  read() {
    return [this.text, this.words(""), this.columns];
  }

  // The positions of a row among the options of a filter: data-NAME of its first tag, or of its group.
  words(name) {
    if (!this.#keys) {
      this.#keys = {...this.group?.keys};
      const tag = this.#raw.slice(0, this.#raw.indexOf(">"));
      for (const [, key, value] of tag.matchAll(/ data-([a-z]+)=([\d|]+)/g)) this.#keys[key] = value.split("|");
    }
    return this.#keys[name] ?? [];
  }

  // The statuses in each column of the matrix; empty if the pool does not need the image.
  get columns() {
    this.#columns ??= this.#raw
      .split("<td")
      .slice(1)
      .map((cell) => (cell.startsWith(" class=n>") ? [] : statuses(cell.slice(cell.indexOf(">") + 1))));
    return this.#columns;
  }
}

// Take the rows out of a <noscript> and keep the surrounding elements. `body` is the parent for rows.
const taken = (noscript, group) => {
  const rows = [];
  const frame = [];
  for (const line of noscript.textContent.split("\n")) {
    if (line.startsWith("<tr data-") || line.startsWith("<li data-")) rows.push(new Row(line, group));
    else frame.push(line);
  }
  const around = elements(frame.join("\n"));
  const body = around.querySelector("[data-body]");
  noscript.replaceWith(around);
  return {rows, body};
};
