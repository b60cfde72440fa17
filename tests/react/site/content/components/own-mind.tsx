import { useState } from 'react';

/** Says one thing while the site is built, and another in a browser: a mistake that many make. */
export default function OwnMind({ label }: { label: string }) {
  const [shouts, setShouts] = useState(0);
  const where = typeof window === 'undefined' ? 'a server' : 'a browser';
  return (
    <p>
      {label} {where}
      {'!'.repeat(shouts)} <button type="button" onClick={() => setShouts(shouts + 1)}>Louder</button>
    </p>
  );
}
