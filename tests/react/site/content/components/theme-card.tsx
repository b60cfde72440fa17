import { createContext, useContext, useId, useMemo } from 'react';

const Theme = createContext({ name: 'light', ink: '#111827', paper: '#ffffff' });

function Line({ children }: { children?: React.ReactNode }) {
  const { ink, name } = useContext(Theme);
  const id = useId();
  return <p id={id} style={{ color: ink, margin: 0 }}>{children} in {name}</p>;
}

export default function ThemeCard({ dark = false, lines }: { dark?: boolean; lines: string[] }) {
  const value = useMemo(() => (dark ? { name: 'dark', ink: '#f9fafb', paper: '#111827' } : { name: 'light', ink: '#111827', paper: '#ffffff' }), [dark]);
  return (
    <Theme.Provider value={value}>
      <div style={{ background: value.paper, padding: 16, borderRadius: 8 }}>
        {lines.map((line) => <Line key={line}>{line}</Line>)}
        <Theme.Consumer>{(theme) => <small style={{ color: theme.ink }}>{theme.name}</small>}</Theme.Consumer>
      </div>
    </Theme.Provider>
  );
}
