/**
 * Finds and sorts rows of the table of machines. It makes its controls itself, so that nothing on the page is dead
 * without it, and puts nothing on the page but words of its own. Amounts and times are sorted by what they say.
 */
export const MACHINES_SCRIPT = `
(() => {
  'use strict';
  const table = document.querySelector('.machines table');
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, cells: [...row.cells].map((cell) => cell.textContent), text: row.textContent.toLowerCase() }));
  const make = (name, properties, parent) => parent.appendChild(Object.assign(document.createElement(name), properties));
  const controls = document.createElement('form');
  controls.className = 'controls';
  controls.setAttribute('role', 'search');
  const field = (title, name, properties) => make(name, properties, make('label', { textContent: title + ' ' }, controls));
  const choice = (title, column) => {
    const select = field(title, 'select', {});
    make('option', { value: '', textContent: 'all' }, select);
    for (const value of new Set(rows.map(({ cells }) => cells[column]))) make('option', { value, textContent: value }, select);
    return { select, column };
  };
  const search = field('Find', 'input', { type: 'search' });
  const choices = [choice('Verdict', 1), choice('Wave', 2), choice('Guest', 3)];
  const shown = make('output', {}, controls);
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    let number = 0;
    for (const { row, cells, text } of rows) {
      const fits = text.includes(wanted) && choices.every(({ select, column }) => select.value === '' || select.value === cells[column]);
      row.hidden = !fits;
      if (fits) number += 1;
    }
    shown.textContent = number + ' of ' + rows.length + ' machines';
  };
  controls.addEventListener('input', filter);
  controls.addEventListener('submit', (event) => event.preventDefault());
  const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, s: 1, m: 60, h: 3600 };
  const amount = (text) => [...text.matchAll(/([\\d.]+) ?([A-Za-z]*)/g)].reduce((sum, [, number, unit]) => sum + number * (units[unit] || 1), text === '\u2013' ? -1 : 0);
  const words = new Intl.Collator('en', { numeric: true });
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const numeric = heading.classList.contains('numeric');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = heading.getAttribute('aria-sort') === 'ascending';
      for (const other of headings) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const keyed = rows.map((each) => ({ row: each.row, key: numeric ? amount(each.cells[column]) : each.cells[column] }));
      keyed.sort((a, b) => (numeric ? a.key - b.key : words.compare(a.key, b.key)) * (down ? -1 : 1));
      body.append(...keyed.map(({ row }) => row));
    });
  });
  filter();
  table.before(controls);
})();
`;
