const ENTITIES = 'a < b && c > d "quoted" \'single\' &amp; </script>';

export default function OddText({ name, count, snippet }: { name: string; count: number; snippet: string }) {
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      <p>
        Hello, {name}! You have {count} {count === 1 ? 'message' : 'messages'}.
      </p>
      <p title={ENTITIES} data-text={ENTITIES}>{ENTITIES}</p>
      <p>
        {name}{count}{'…'}{''}{'end'}
      </p>
      <p>Non-breaking: 20&nbsp;km, {'\u00a0'}thin {'\u2009'}space, soft&shy;hyphen</p>
      <p>Emoji: 🃏 👩‍👩‍👧 🇫🇷 — and “typographic” ‘quotes’ &copy; &#8364; &hellip;</p>
      <p dir="rtl" lang="he">שלום {name}</p>
      <p>   white     space
        over lines   </p>
      <pre style={{ overflowX: 'auto' }}>{snippet}</pre>
      <code>{`{"json": "in ${name}"}`}</code>
      {/* a comment that nobody sees */}
      <p>{0}{' '}{-0}{' '}{1e21}{' '}{[1, 'two', [3]]}</p>
    </div>
  );
}
