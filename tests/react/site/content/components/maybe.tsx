type Props = { count: number; nothing: null; empty: string; list: string[]; user?: { name: string } };

function Nothing() {
  return null;
}

export default function Maybe({ count, nothing, empty, list, user }: Props) {
  return (
    <section>
      <h2 hidden={false}>Maybe</h2>
      <p>Zero is shown: {count && <b>never</b>}</p>
      <p>Null is not: {nothing}.</p>
      <p>False is not: {false}{true}{undefined}.</p>
      <p>Empty is not: {empty && <b>never</b>}.</p>
      <p>{list.length ? list.join(', ') : 'No entries'}</p>
      <p>{user?.name ?? 'Somebody'}</p>
      {list.map((entry) => entry)}
      {[]}
      <Nothing />
      {count > 0 || <em style={{ color: undefined, zIndex: 0, flexGrow: 1 }}>nothing yet</em>}
    </section>
  );
}
