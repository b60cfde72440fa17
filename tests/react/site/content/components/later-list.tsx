import { useState } from 'react';

export default function LaterList({ entries }: { entries: string[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? entries : entries.slice(0, 2);
  return (
    <div style={{ padding: 12, background: '#f3f4f6', borderRadius: 8 }}>
      <ul style={{ margin: 0 }}>{shown.map((entry) => <li key={entry}>{entry}</li>)}</ul>
      {!all && <button type="button" onClick={() => setAll(true)}>All {entries.length}</button>}
    </div>
  );
}
