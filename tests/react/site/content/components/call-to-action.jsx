import React from 'react';

const CallToAction = ({ text, button = 'Get started', href, tone }) => {
  const color = tone === 'calm' ? '#1d4ed8' : '#b91c1c';
  return (
    <aside className="cta" style={{ border: `2px solid ${color}`, borderRadius: 12, padding: 16, '--cta-color': color }}>
      <p style={{ margin: 0 }}>
        <strong>{text}</strong>{' '}
        <a className="cta-link" href={href} style={{ color: 'var(--cta-color)' }}>
          {button} &rarr;
        </a>
      </p>
    </aside>
  );
};

export default CallToAction;
