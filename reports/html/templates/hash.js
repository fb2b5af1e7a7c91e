// The filters are in the address, as in `#images?matrix.q=web&matrix.p=1`, so a link and the back button restore them.
let lists = new Map();
let changing = null; // the list whose filters changed last: its next change replaces the entry of the history

const filters = () => {
  const values = new URLSearchParams();
  for (const [name, list] of lists) for (const [key, value] of Object.entries(list.values)) values.set(`${name}.${key}`, value);
  return values.toString();
};

const section = () => location.hash.slice(1).split("?")[0];

const address = (id, chosen) => `#${id}${chosen ? `?${chosen}` : ""}`;

// Typing in one field is one step back; everything else is a step each. A new address makes the browser compute styles, so it waits
// until the filter is drawn.
let noting = 0;
let way = "replaceState";
const filtersChanged = (list, isTyping = false) => {
  if (!isTyping || changing !== list) way = "pushState";
  changing = isTyping ? list : null;
  clearTimeout(noting);
  noting = setTimeout(() => {
    const chosen = filters();
    if (chosen === (history.state?.filters ?? "")) return;
    const id = list.form.closest("section[aria-labelledby]").getAttribute("aria-labelledby");
    history[way]({filters: chosen}, "", address(id, chosen));
    way = "replaceState";
  }, 150);
};

const apply = (chosen) => {
  const values = new URLSearchParams(chosen);
  for (const [name, list] of lists) {
    const own = Array.from(values).filter(([key]) => key.startsWith(`${name}.`));
    list.set(Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1), value])));
  }
};

const rememberFilters = () => {
  const chosen = location.hash.split("?")[1] ?? history.state?.filters ?? "";
  history.replaceState({filters: chosen}, "", location.hash || " ");
  if (chosen) {
    apply(chosen);
    document.getElementById(section())?.scrollIntoView();
  }
  addEventListener("popstate", ({state}) => {
    changing = null;
    if (state) apply(state.filters);
    else if (location.hash.includes("?")) apply(location.hash.split("?")[1]); // an address that the reader typed
    history.replaceState({filters: filters()}, "", address(section(), filters())); // a link inside the page keeps the filters
  });
};
