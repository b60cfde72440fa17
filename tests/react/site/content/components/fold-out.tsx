export default function FoldOut({ items }: { items: { question: string; answer: string }[] }) {
  return (
    <div style={{ display: 'flex', flexDirection: 'column', gap: 8 }}>
      {items.map((item, i) => (
        <details key={item.question} open={i === 0} style={{ border: '1px solid #e5e7eb', borderRadius: 8, padding: '8px 12px' }}>
          <summary style={{ cursor: 'pointer', fontWeight: 600 }}>{item.question}</summary>
          <div dangerouslySetInnerHTML={{ __html: item.answer }} />
        </details>
      ))}
    </div>
  );
}
