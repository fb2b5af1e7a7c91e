withCopyButtons(document);
for (const table of document.querySelectorAll(".stack:not(noscript *)")) nameColumns(table);

const KINDS = {found: Groups, asked: Table, matrix: Matrix};
lists = new Map(
  Array.from(document.querySelectorAll("form[data-for]"), (form) => [form.dataset.for, new KINDS[form.dataset.for](form)]),
);
for (const list of lists.values()) {
  list.form.addEventListener("input", (event) => filtersChanged(list, event.target.matches("input")));
  list.form.addEventListener("reset", () => setTimeout(() => filtersChanged(list)));
}
const overview = Array.from(
  document.querySelectorAll(".strip"),
  (place) => new Strip(place, lists.get("matrix"), document.getElementById("named")),
);
rememberFilters();

// Indexing thousands of rows takes time, so do it while the page is idle.
const unread = Array.from(lists.values()).flatMap((list) => list.rows);
later(() => {
  for (let count = 0; count < 200 && unread.length; count += 1) unread.pop().read();
  return unread.length > 0;
});

const copy = async (button) => {
  const command = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(command);
    button.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
};

// A link to an entry that is hidden must still work: reset the filter that hides it, and open what it is folded into.
const reveal = (id) => {
  const target = document.getElementById(id);
  if (target?.closest(".group[hidden]")) lists.get("found").search("");
  const folded = target?.closest("details:not([open])");
  if (folded) folded.open = true;
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
  const link = event.target.closest("a[href^='#']");
  if (link) reveal(link.hash.slice(1));
  if (link?.matches(".matrix th a")) lists.get("found").search(link.closest("th").querySelector(".two").firstChild.textContent);
});

// On paper, rows are complete up to a limit and folded parts stay folded, except the method. "Print everything" shows all rows and opens all parts, except
// the pages of the checks, which are not about this site.
let closed = [];
const print = (isPrinting) => {
  if (isPrinting === lists.isPrinting) return;
  lists.isPrinting = isPrinting;
  const isEverything = document.getElementById("all").checked;
  for (const list of lists.values()) list.whole(isPrinting, isPrinting && !isEverything);
  document.documentElement.classList.toggle("everything", isPrinting && isEverything);
  const folded = isEverything ? "details:not([open], .checks *)" : ".method details:not([open])";
  if (isPrinting) closed = Array.from(document.querySelectorAll(folded));
  for (const details of closed) details.open = isPrinting;
};
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
matchMedia("print").addEventListener("change", (event) => print(event.matches));

// `/` focuses the search of the visible section, Escape clears it. A checkbox turns single-key shortcuts off.
const searchInView = () => {
  const forms = Array.from(lists.values(), (list) => list.form);
  const below = forms.filter((form) => form.closest("section").getBoundingClientRect().bottom > innerHeight / 3);
  return (below[0] ?? forms.at(-1))?.elements.q;
};
const keys = document.getElementById("keys");
addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input,select,textarea");
  if (event.key === "/" && keys.checked && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = searchInView();
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape" && event.target.matches("input[type=search]")) {
    lists.get(event.target.form.dataset.for).search("");
  }
});
