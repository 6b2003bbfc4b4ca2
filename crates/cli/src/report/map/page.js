// Without it, the page lacks only what is marked and sorted on demand.
"use strict";
const here = document.getElementById("here");
const cells = document.querySelector(".cells");
const rows = [...document.querySelectorAll(".places tbody tr")];

function mark(row, on) {
  if (!row.dataset.first) return;
  for (let cell = +row.dataset.first; cell <= +row.dataset.last; cell++) {
    document.getElementById("c" + cell)?.classList.toggle("found", on);
  }
}

for (const row of rows) {
  row.addEventListener("pointerenter", () => mark(row, true));
  row.addEventListener("pointerleave", () => mark(row, false));
}

let shown = [];
cells?.addEventListener("pointerover", (event) => {
  const cell = event.target.closest("rect");
  if (!cell) return;
  here.textContent = cell.querySelector("title").textContent;
  const number = +cell.id.slice(1);
  shown.forEach((row) => row.classList.remove("found"));
  shown = rows.filter((row) => row.dataset.first && +row.dataset.first <= number && number <= +row.dataset.last);
  shown.forEach((row) => row.classList.add("found"));
});
cells?.addEventListener("click", () => shown[0]?.scrollIntoView({ behavior: "smooth", block: "center" }));

const value = (row, column) => {
  const text = row.cells[column].textContent.trim();
  const number = Number(text.replaceAll(",", ""));
  return text === "" ? -1 : Number.isNaN(number) ? text : number;
};
const heads = [...document.querySelectorAll(".places thead th")];
heads.forEach((head, column) => {
  if (!head.textContent) return;
  head.dataset.sorts = "";
  head.tabIndex = 0;
  head.addEventListener("keydown", (event) => event.key === "Enter" && head.click());
  head.addEventListener("click", () => {
    const falls = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const order = (a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      const less = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
      return falls ? -less : less;
    };
    rows.sort(order).forEach((row) => row.parentNode.append(row));
  });
});
