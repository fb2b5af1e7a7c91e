// Rows become elements in chunks: the first at once, the others while the browser is idle. So find-in-page and screenshots know
// every row, and a page with ten thousand images still opens at once. In a long list the browser lays out only the chunks in view.
const CHUNK = 25;
const AT_ONCE = 1000; // a list with fewer rows is drawn at once, and completely laid out

const waiting = [];
const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 5)); // Safari has no requestIdleCallback

const SLICE = 8; // milliseconds, so that a key press never waits long
const work = () => {
  const end = performance.now() + SLICE;
  do {
    if (!waiting[0]()) waiting.shift();
  } while (waiting.length && performance.now() < end);
  if (waiting.length) whenIdle(work);
};

// Call `step` while it returns true.
const later = (step) => {
  if (waiting.push(step) === 1) whenIdle(work);
};

// To remove or to hide thousands of elements takes longer than a frame. So hide the element around them, and remove them later.
const discard = (around, isAtOnce) => {
  if (isAtOnce) around.remove();
  else around.hidden = true;
  if (isAtOnce) return;
  later(() => {
    around.lastElementChild?.remove();
    if (around.childElementCount) return true;
    around.remove();
    return false;
  });
};

const moreButton = () => made("button", "", {type: "button", className: "more"});

const focusOn = (element) => {
  element.tabIndex = -1;
  element.focus();
};

// A part of a list: its rows in chunks. With a button for more, the rows after the first ones are hidden until it is pressed, or
// until find-in-page finds one of them.
class Part {
  constructor(list, addChunk, more = null) {
    Object.assign(this, {list, addChunk, more, rows: [], chunks: [], shown: 0, isOpen: false});
    more?.addEventListener("click", () => {
      const hadFocus = document.activeElement === more;
      const [first] = this.chunks.find((chunk) => chunk.hidden)?.children ?? [];
      this.open();
      if (hadFocus && first) focusOn(first);
    });
  }

  fill(rows) {
    this.clear?.();
    Object.assign(this, {rows, chunks: [], shown: 0, isOpen: !this.more || this.list.isWhole});
    this.grow(this.list.first);
    const left = rows.length - this.shown;
    if (this.more) {
      this.more.hidden = this.isOpen || left === 0;
      this.more.textContent = `Show ${number(left)} more`;
    }
    if (this.list.isWhole || this.list.rows.length <= AT_ONCE) while (this.grow(CHUNK));
    else if (left) later(() => this.rows === rows && this.grow(CHUNK));
  }

  // Draw the next rows. Return whether there are more.
  grow(count) {
    const rows = this.rows.slice(this.shown, this.shown + count);
    if (!rows.length) return false;
    const drawn = elements(rows.map((row) => this.list.markup(row)).join(""));
    this.list.dress(drawn);
    const chunk = this.addChunk();
    chunk.append(drawn);
    if (this.list.rows.length > AT_ONCE) {
      chunk.classList.add("lazy");
      chunk.style.containIntrinsicSize = `auto ${rows.length * this.list.high}px`;
    }
    if (!this.isOpen && this.chunks.length) {
      chunk.hidden = "until-found";
      chunk.addEventListener("beforematch", () => this.open());
    }
    this.chunks.push(chunk);
    this.shown += rows.length;
    return this.shown < this.rows.length;
  }

  open() {
    this.isOpen = true;
    this.more.hidden = true;
    for (const chunk of this.chunks) chunk.hidden = false;
  }
}

// The text that a group states once for all of its rows. A search for it finds the rows.
const shownBefore = (element) => {
  const texts = [];
  for (let one = element.previousElementSibling; one; one = one.previousElementSibling) texts.unshift(one.textContent);
  return texts.join(" ");
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
