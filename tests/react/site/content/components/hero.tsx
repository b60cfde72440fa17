import React from 'react';

interface HeroProps {
  title: string;
  subtitle?: string;
  actions?: { label: string; href: string; primary?: boolean }[];
  align?: 'left' | 'center';
}

/** The first thing on a page. */
export default function Hero({ title, subtitle, actions = [], align = 'center' }: HeroProps) {
  return (
    <section
      style={{
        padding: '48px 24px',
        borderRadius: 24,
        textAlign: align,
        color: '#fff',
        background: 'linear-gradient(135deg, #4c1d95 0%, #be185d 100%)',
        marginBottom: 32,
      }}
    >
      <h2 style={{ fontSize: 36, fontWeight: 800, lineHeight: 1.1, margin: 0 }}>{title}</h2>
      {subtitle && <p style={{ opacity: 0.95, maxWidth: 560, margin: '16px auto 0' }}>{subtitle}</p>}
      {actions.length > 0 && (
        <div style={{ display: 'flex', gap: 12, flexWrap: 'wrap', justifyContent: align, marginTop: 24 }}>
          {actions.map((action) => (
            <a
              key={action.href}
              href={action.href}
              style={{
                padding: '12px 20px',
                borderRadius: 999,
                textDecoration: 'none',
                fontWeight: 600,
                ...(action.primary ? { background: '#fff', color: '#4c1d95' } : { border: '1px solid #fff', color: '#fff' }),
              }}
            >
              {action.label}
            </a>
          ))}
        </div>
      )}
    </section>
  );
}
