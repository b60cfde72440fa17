// A box with data-filter="#list" hides the [data-text] in that list whose text has not all the words
// that are typed; what it names with data-count says how many are left.
"use strict";
for (const box of document.querySelectorAll("input[data-filter]")) {
  const list = document.querySelector(box.dataset.filter);
  const count = box.dataset.count && document.querySelector(box.dataset.count);
  const filter = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of list.querySelectorAll("[data-text]")) {
      const text = item.dataset.text.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      if (!item.hidden) shown += 1;
    }
    for (const group of list.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-text]:not([hidden])");
    }
    if (count) count.textContent = words.length ? `${shown} shown` : "";
  };
  box.addEventListener("input", filter);
  filter();
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: copy it by keyboard";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
