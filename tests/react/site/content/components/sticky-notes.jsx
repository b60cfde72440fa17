import React, { useState, useCallback } from 'react';

let nextId = 100;
const COLORS = ['#fef08a', '#bbf7d0', '#bfdbfe'];

const Note = React.memo(({ note, onText, onRemove }) => (
  <div style={{ background: note.color, padding: 12, borderRadius: 4, boxShadow: '2px 2px 6px rgba(0,0,0,.15)', width: 160, boxSizing: 'border-box' }}>
    <textarea
      value={note.text}
      onChange={(e) => onText(note.id, e.target.value)}
      rows={3}
      aria-label={`Note ${note.id}`}
      style={{ width: '100%', border: 0, background: 'transparent', resize: 'none', font: 'inherit', boxSizing: 'border-box' }}
    />
    <button type="button" onClick={() => onRemove(note.id)} title="Throw away">✕</button>
  </div>
));

export default function StickyNotes({ notes: start = [] }) {
  const [notes, setNotes] = useState(() => start.map((text, i) => ({ id: i + 1, text, color: COLORS[i % COLORS.length] })));
  const setText = useCallback((id, text) => setNotes((all) => all.map((n) => (n.id === id ? { ...n, text } : n))), []);
  const remove = useCallback((id) => setNotes((all) => all.filter((n) => n.id !== id)), []);
  const add = () => setNotes((all) => all.concat({ id: ++nextId, text: '', color: COLORS[all.length % COLORS.length] }));

  return (
    <div>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 12 }}>
        {notes.map((note) => (
          <Note key={note.id} note={note} onText={setText} onRemove={remove} />
        ))}
      </div>
      <p>
        <button type="button" onClick={add}>New note</button> {notes.length} notes, {notes.reduce((n, note) => n + note.text.length, 0)} characters
      </p>
    </div>
  );
}
