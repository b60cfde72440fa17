import { useState } from 'react';

export default function NeverLike({ likes }: { likes: number }) {
  const [count, setCount] = useState(likes);
  return (
    <p>
      <button type="button" onClick={() => setCount(count + 1)}>♥</button> {count} {count === 1 ? 'person likes' : 'people like'} this
    </p>
  );
}
