import React, { useId, useRef, useState } from 'react';

type Tab = { label: string; body: string };

const TabPanel: React.FC<{ tabs: Tab[] }> = ({ tabs }) => {
  const [active, setActive] = useState(0);
  const refs = useRef<(HTMLButtonElement | null)[]>([]);
  const id = useId();

  const onKeyDown = (e: React.KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const next = (active + step + tabs.length) % tabs.length;
    setActive(next);
    refs.current[next]?.focus();
  };

  return (
    <div>
      <div role="tablist" aria-label="Sections" onKeyDown={onKeyDown} style={{ display: 'flex', gap: 4, borderBottom: '2px solid #ddd6fe' }}>
        {tabs.map((tab, i) => (
          <button
            key={tab.label}
            ref={(el) => { refs.current[i] = el; }}
            type="button"
            role="tab"
            id={`${id}-tab-${i}`}
            aria-selected={i === active}
            aria-controls={`${id}-panel-${i}`}
            tabIndex={i === active ? 0 : -1}
            onClick={() => setActive(i)}
            style={{ fontWeight: i === active ? 700 : 400, padding: '8px 12px' }}
          >
            {tab.label}
          </button>
        ))}
      </div>
      {tabs.map((tab, i) => (
        <div key={tab.label} role="tabpanel" id={`${id}-panel-${i}`} aria-labelledby={`${id}-tab-${i}`} hidden={i !== active} style={{ padding: 12 }} dangerouslySetInnerHTML={{ __html: tab.body }} />
      ))}
    </div>
  );
};

export default TabPanel;
