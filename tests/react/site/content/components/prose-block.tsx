import React, { type ReactNode } from 'react';

function Frame({ children, label }: { children: ReactNode; label?: string }) {
  return <div style={{ borderLeft: '4px solid #a78bfa', paddingLeft: 16 }} aria-label={label} role={label ? 'note' : undefined}>{children}</div>;
}

export function ProseBlock({ html, label, footnote }: { html: string; label?: string; footnote?: string }) {
  return (
    <Frame label={label}>
      <div className="prose" style={{ maxWidth: '65ch' }} dangerouslySetInnerHTML={{ __html: html }} />
      {footnote ? <small dangerouslySetInnerHTML={{ __html: footnote }} /> : null}
    </Frame>
  );
}

export default ProseBlock;
