import { useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';

interface Props { button: string; title: string; html: string }

export default function ModalDialog({ button, title, html }: Props) {
  const [open, setOpen] = useState(false);
  const [answer, setAnswer] = useState<string>();
  const opener = useRef<HTMLButtonElement>(null);
  const first = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    first.current?.focus();
    const back = opener.current;
    return () => back?.focus();
  }, [open]);

  const close = (value?: string) => () => {
    setAnswer(value);
    setOpen(false);
  };

  return (
    <div>
      <button type="button" ref={opener} onClick={() => setOpen(true)}>{button}</button>
      <span> {answer ? `You said ${answer}` : 'Not answered'}</span>
      {open &&
        createPortal(
          <div
            onClick={(e) => e.target === e.currentTarget && setOpen(false)}
            onKeyDown={(e) => e.key === 'Escape' && setOpen(false)}
            style={{ position: 'fixed', inset: 0, background: 'rgba(0,0,0,.5)', display: 'grid', placeItems: 'center' }}
          >
            <div role="dialog" aria-modal="true" aria-label={title} style={{ background: '#fff', borderRadius: 16, padding: 24, maxWidth: 'min(90vw, 400px)' }}>
              <h2 style={{ marginTop: 0 }}>{title}</h2>
              <div dangerouslySetInnerHTML={{ __html: html }} />
              <button type="button" ref={first} onClick={close('yes')}>Yes</button> <button type="button" onClick={close('no')}>No</button>
            </div>
          </div>,
          document.body,
        )}
    </div>
  );
}
