import React, { useEffect, useRef, useState } from 'react';

interface Message { from: string; text: string; mine?: boolean }
interface ChatPanelProps { title: string; messages?: Message[]; placeholder?: string }

export default function ChatPanel({ title, messages: initial = [], placeholder = 'Write a message…' }: ChatPanelProps) {
  const [messages, setMessages] = useState<Message[]>(initial);
  const [draft, setDraft] = useState('');
  const end = useRef<HTMLLIElement>(null);

  useEffect(() => {
    if (messages.length > initial.length) end.current?.scrollIntoView({ block: 'nearest' });
  }, [messages.length, initial.length]);

  const send = (event: React.FormEvent) => {
    event.preventDefault();
    const text = draft.trim();
    if (!text) return;
    setMessages((all) => [...all, { from: 'You', text, mine: true }]);
    setDraft('');
  };

  return (
    <section style={{ border: '1px solid #e5e7eb', borderRadius: 16, padding: 16, maxWidth: 480 }}>
      <h2 style={{ marginTop: 0 }}>{title}</h2>
      <div role="log" aria-label={title} style={{ maxHeight: 240, overflowY: 'auto' }}>
        <ul style={{ listStyle: 'none', padding: 0 }}>
          {messages.map((message, i) => (
            <li
              key={i}
              ref={i === messages.length - 1 ? end : null}
              style={{ margin: '8px 0', textAlign: message.mine ? 'right' : 'left' }}
            >
              <small>{message.from}: </small>
              <span style={{ display: 'inline-block', padding: '6px 12px', borderRadius: 12, background: message.mine ? '#ddd6fe' : '#f3f4f6' }}>{message.text}</span>
            </li>
          ))}
        </ul>
      </div>
      <form onSubmit={send} style={{ display: 'flex', gap: 8 }}>
        <input
          value={draft}
          onChange={(e) => setDraft(e.target.value)}
          placeholder={placeholder}
          aria-label="Message"
          style={{ flex: 1, minWidth: 0 }}
        />
        <button type="submit" disabled={!draft.trim()}>Send</button>
      </form>
      <p aria-live="polite" style={{ fontSize: 12, margin: '8px 0 0' }}>{messages.length} messages</p>
    </section>
  );
}
