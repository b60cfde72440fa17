import { useId, useState } from 'react';

type Item = { question: string; answer: string };

function Entry({ item, open, onToggle }: { item: Item; open: boolean; onToggle: () => void }) {
  const id = useId();
  return (
    <div style={{ borderBottom: '1px solid #e5e7eb' }}>
      <h3 style={{ margin: 0 }}>
        <button
          type="button"
          id={`${id}-button`}
          aria-expanded={open}
          aria-controls={`${id}-panel`}
          onClick={onToggle}
          style={{ all: 'unset', cursor: 'pointer', display: 'block', width: '100%', padding: '12px 0', fontWeight: 600 }}
        >
          {open ? '▾' : '▸'} {item.question}
        </button>
      </h3>
      <div id={`${id}-panel`} role="region" aria-labelledby={`${id}-button`} hidden={!open} dangerouslySetInnerHTML={{ __html: item.answer }} />
    </div>
  );
}

export default function FaqAccordion({ title, items }: { title: string; items: Item[] }) {
  const [openIndex, setOpenIndex] = useState<number | null>(0);
  return (
    <section>
      <h2>{title}</h2>
      {items.map((item, i) => (
        <Entry key={item.question} item={item} open={openIndex === i} onToggle={() => setOpenIndex(openIndex === i ? null : i)} />
      ))}
    </section>
  );
}
