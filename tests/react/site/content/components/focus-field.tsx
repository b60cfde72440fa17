import React, { forwardRef, useImperativeHandle, useRef, useState } from 'react';

interface Handle { focus(): void; clear(): void }

const Input = forwardRef<Handle, { label: string; onChange?: (text: string) => void }>(({ label, onChange }, ref) => {
  const inner = useRef<HTMLInputElement>(null);
  useImperativeHandle(ref, () => ({
    focus: () => inner.current!.focus(),
    clear: () => { inner.current!.value = ''; onChange?.(''); },
  }));
  return <input ref={inner} aria-label={label} defaultValue="" onChange={(e) => onChange?.(e.target.value)} />;
});

export default function FocusField({ label }: { label: string }) {
  const field = useRef<Handle>(null);
  const [length, setLength] = useState(0);
  return (
    <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
      <Input ref={field} label={label} onChange={(text) => setLength(text.length)} />
      <button type="button" onClick={() => field.current?.focus()}>Go to {label}</button>
      <button type="button" onClick={() => field.current?.clear()}>Clear</button>
      <span style={{ color: length > 8 ? '#b91c1c' : 'inherit' }}>{length}/8</span>
    </div>
  );
}
