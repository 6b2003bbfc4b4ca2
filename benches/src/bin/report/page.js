"use strict";
// Sorts a table by the column whose heading is clicked: numbers by their value, the smallest first, then the other way.
function sort(heading) {
  const table = heading.closest("table");
  const column = heading.cellIndex;
  const falls = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
  const key = (row) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  };
  const compare = (one, other) => {
    // Cells without a number come last, both ways.
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    const order = typeof one === "number" ? one - other : one.localeCompare(other);
    return falls ? -order : order;
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((one, other) => compare(key(one), key(other))));
}
for (const heading of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = "sort by this column";
  button.append(...heading.childNodes);
  button.addEventListener("click", () => sort(heading));
  heading.append(button);
}
// Says that a box scrolls where it does.
function tell() {
  for (const box of document.querySelectorAll(".scroll")) {
    const before = box.previousElementSibling;
    const told = before && before.classList.contains("more") ? before : null;
    if (box.scrollWidth <= box.clientWidth) {
      if (told) told.remove();
    } else if (!told) {
      const note = document.createElement("p");
      note.className = "more";
      note.textContent = "Wider than the page: scroll sideways →";
      box.before(note);
    }
  }
}
tell();
addEventListener("resize", tell);
