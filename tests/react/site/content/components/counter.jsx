import { useState } from 'react';

export default function Counter({ start = 0, step = 1, label = 'Count' }) {
  const [count, setCount] = useState(start);
  return (
    <p style={{ display: 'inline-flex', alignItems: 'center', gap: 10 }}>
      <button type="button" onClick={() => setCount(count - step)} aria-label="Less">−</button>
      <span>{label}: <output>{count}</output></span>
      <button type="button" onClick={() => setCount((c) => c + step)} aria-label="More">+</button>
    </p>
  );
}
