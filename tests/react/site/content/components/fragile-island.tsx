import { useState } from 'react';

/** Fails when it is used. */
export default function FragileIsland({ words }: { words: string[] }) {
  const [index, setIndex] = useState(0);
  return (
    <p>
      <button type="button" onClick={() => setIndex(words.length)}>Shout</button> {words[index].toUpperCase()}
    </p>
  );
}
