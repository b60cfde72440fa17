import React, { ChangeEvent, useId, useState } from 'react';

const TOPICS = { table: 'A table', money: 'Money', other: 'Something else' };
const EMPTY = { name: '', mail: '', topic: 'money', text: 'Dear Robbie,\n', urgent: false, news: true, reply: 'mail' };

type Values = typeof EMPTY;

function Field({ label, children }: { label: string; children: (id: string) => React.ReactNode }) {
  const id = useId();
  return (
    <div style={{ display: 'flex', flexDirection: 'column', gap: 4 }}>
      <label htmlFor={id} style={{ fontSize: 14 }}>{label}</label>
      {children(id)}
    </div>
  );
}

export default function ContactForm({ title, rows = 4 }: { title: string; rows?: number }) {
  const [values, setValues] = useState<Values>(EMPTY);
  const [sent, setSent] = useState<string | null>(null);

  const change = (e: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => {
    const target = e.target;
    const value = target instanceof HTMLInputElement && target.type === 'checkbox' ? target.checked : target.value;
    setValues((old) => ({ ...old, [target.name]: value }));
  };
  const problem = values.mail !== '' && !values.mail.includes('@') ? 'That is no address' : null;

  return (
    <form
      noValidate
      onSubmit={(e) => { e.preventDefault(); setSent(JSON.stringify(values)); }}
      style={{ display: 'grid', gap: 12, maxWidth: 420 }}
    >
      <h2 style={{ margin: 0 }}>{title}</h2>
      <Field label="Name">{(id) => <input id={id} name="name" type="text" required autoComplete="name" value={values.name} onChange={change} />}</Field>
      <Field label="Mail">
        {(id) => (
          <>
            <input id={id} name="mail" type="email" inputMode="email" value={values.mail} onChange={change} aria-invalid={!!problem} />
            {problem && <small role="alert" style={{ color: '#b91c1c' }}>{problem}</small>}
          </>
        )}
      </Field>
      <Field label="About">
        {(id) => (
          <select id={id} name="topic" value={values.topic} onChange={change}>
            {Object.entries(TOPICS).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
          </select>
        )}
      </Field>
      <Field label="Text">{(id) => <textarea id={id} name="text" rows={rows} value={values.text} onChange={change} />}</Field>
      <label><input type="checkbox" name="urgent" checked={values.urgent} onChange={change} /> Urgent</label>
      <label><input type="checkbox" name="news" checked={values.news} onChange={change} /> Send me news</label>
      <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
        <legend>Answer by</legend>
        {['mail', 'phone'].map((way) => (
          <label key={way} style={{ marginRight: 12 }}>
            <input type="radio" name="reply" value={way} checked={values.reply === way} onChange={change} /> {way}
          </label>
        ))}
      </fieldset>
      <p aria-live="polite">
        Hello {values.name || 'stranger'}: {TOPICS[values.topic as keyof typeof TOPICS]}, {values.text.length} characters, {values.urgent ? 'urgent' : 'not urgent'}, by {values.reply}
      </p>
      <button disabled={!values.name || !!problem}>Send</button>
      {sent && <pre style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{sent}</pre>}
    </form>
  );
}
