import { useState } from 'react';

/** Renders while the site is built, and fails in every browser. */
export default function BrokenIsland({ text }: { text: string }) {
  const [shown] = useState(text);
  if (typeof window !== 'undefined') throw new Error('There is no such thing in a browser');
  return <p onClick={() => {}}>{shown}</p>;
}
