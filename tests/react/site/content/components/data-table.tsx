import { useMemo, useState } from 'react';

type Row = Record<string, string | number>;
type Sort = { column: string; direction: 1 | -1 } | null;

const numbers = new Intl.NumberFormat('en-US');

export default function DataTable({ caption, columns, rows }: { caption: string; columns: { key: string; label: string; numeric?: boolean }[]; rows: Row[] }) {
  const [sort, setSort] = useState<Sort>(null);
  const [filter, setFilter] = useState('');

  const shown = useMemo(() => {
    const words = filter.toLowerCase();
    const found = rows.filter((row) => columns.some(({ key }) => String(row[key]).toLowerCase().includes(words)));
    if (!sort) return found;
    return [...found].sort((a, b) => {
      const x = a[sort.column], y = b[sort.column];
      return (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))) * sort.direction;
    });
  }, [rows, columns, filter, sort]);

  const by = (column: string) =>
    setSort((old) => (old?.column === column ? { column, direction: old.direction === 1 ? -1 : 1 } : { column, direction: 1 }));

  return (
    <div style={{ margin: '16px 0' }}>
      <label style={{ display: 'block', marginBottom: 8 }}>
        Filter <input type="search" value={filter} onChange={(e) => setFilter(e.currentTarget.value)} />
      </label>
      <div style={{ overflowX: 'auto' }}>
        <table style={{ width: '100%', borderCollapse: 'collapse' }}>
          <caption style={{ textAlign: 'left' }}>{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ key, label, numeric }) => (
                <th
                  key={key}
                  scope="col"
                  aria-sort={sort?.column === key ? (sort.direction === 1 ? 'ascending' : 'descending') : undefined}
                  style={{ textAlign: numeric ? 'right' : 'left' }}
                >
                  <button type="button" onClick={() => by(key)}>
                    {label}
                    {sort?.column === key && (sort.direction === 1 ? ' ↑' : ' ↓')}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <tr key={String(row[columns[0].key])} style={{ background: i % 2 ? '#f9fafb' : undefined }}>
                {columns.map(({ key, numeric }) => {
                  const value = row[key];
                  return <td key={key} style={{ textAlign: numeric ? 'right' : 'left' }}>{typeof value === 'number' ? numbers.format(value) : value}</td>;
                })}
              </tr>
            ))}
            {shown.length === 0 && (
              <tr>
                <td colSpan={columns.length}>Nothing found</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <p>{shown.length} of {rows.length} rows</p>
    </div>
  );
}
