import { useEffect, useLayoutEffect, useRef, useState } from 'react';

export default function HelpPopover({ label = 'Help', html }: { label?: string; html: string }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (open) box.current?.focus();
  }, [open]);

  useEffect(() => {
    if (!open) return;
    const close = (e: KeyboardEvent) => e.key === 'Escape' && setOpen(false);
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [open]);

  return (
    <span style={{ position: 'relative', display: 'inline-block' }}>
      <button type="button" aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen((o) => !o)} style={{ borderRadius: '50%', width: 28, height: 28, padding: 0 }}>
        <span aria-hidden>?</span>
        <span style={{ position: 'absolute', clipPath: 'inset(50%)', width: 1, height: 1, overflow: 'hidden' }}>{label}</span>
      </button>
      {open && (
        <div
          ref={box}
          role="dialog"
          aria-label={label}
          tabIndex={-1}
          style={{ position: 'absolute', zIndex: 10, left: 0, top: 36, width: 220, background: '#fff', border: '1px solid #d1d5db', borderRadius: 8, padding: 12 }}
          dangerouslySetInnerHTML={{ __html: html }}
        />
      )}
    </span>
  );
}
