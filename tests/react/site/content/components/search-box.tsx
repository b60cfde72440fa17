import { useDeferredValue, useState, useTransition } from 'react';

type Hit = { title: string; href: string };

function Highlight({ text, part }: { text: string; part: string }) {
  const at = part ? text.toLowerCase().indexOf(part.toLowerCase()) : -1;
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark style={{ background: '#fde68a' }}>{text.slice(at, at + part.length)}</mark>
      {text.slice(at + part.length)}
    </>
  );
}

export default function SearchBox({ hits, limit = 5 }: { hits: Hit[]; limit?: number }) {
  const [query, setQuery] = useState('');
  const [, startTransition] = useTransition();
  const [asked, setAsked] = useState(0);
  const words = useDeferredValue(query);
  const found = hits.filter((hit) => hit.title.toLowerCase().includes(words.toLowerCase())).slice(0, limit);
  return (
    <search>
      <input
        type="search"
        aria-label="Search"
        value={query}
        onInput={() => startTransition(() => setAsked((n) => n + 1))}
        onChange={(e) => setQuery(e.target.value)}
        style={{ width: '100%', boxSizing: 'border-box', padding: 8, fontSize: 16 }}
      />
      <ul>
        {found.map((hit) => (
          <li key={hit.href}>
            <a href={hit.href}><Highlight text={hit.title} part={words} /></a>
          </li>
        ))}
      </ul>
      <p>{found.length === 0 ? `Nothing for “${words}”` : `${found.length} found`}, {asked} asked</p>
    </search>
  );
}
