interface Account { name: string; balance: number; note?: string }
interface Budget { name: string; spent: number; limit: number }

const money = (cents: number) => (cents / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' });
const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });

function Card({ children, accent }: { children?: any; accent: string }) {
  return (
    <div style={{ flex: '1 1 160px', padding: 16, borderRadius: 12, background: '#f9fafb', borderTop: `4px solid ${accent}` }}>
      {children}
    </div>
  );
}

export default function MoneyDashboard({ title, accounts, budgets = [] }: { title: string; accounts: Account[]; budgets?: Budget[] }) {
  const total = accounts.reduce((sum, account) => sum + account.balance, 0);
  return (
    <section>
      <h2>{title}</h2>
      <p style={{ fontSize: 28, fontVariantNumeric: 'tabular-nums', margin: 0 }}>{money(total)}</p>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 12, marginTop: 16 }}>
        {accounts.map((account) => (
          <Card key={account.name} accent={account.balance < 0 ? '#b91c1c' : '#047857'}>
            <div style={{ fontSize: 14 }}>{account.name}</div>
            <b>{money(account.balance)}</b>
            {account.note && <small style={{ display: 'block' }}>{account.note}</small>}
          </Card>
        ))}
      </div>
      <ul style={{ listStyle: 'none', padding: 0 }}>
        {budgets.map(({ name, spent, limit }) => {
          const share = spent / limit;
          return (
            <li key={name} style={{ margin: '8px 0' }}>
              {name}: {money(spent)} of {money(limit)} ({percent.format(share)})
              <div style={{ height: 8, background: '#e5e7eb', borderRadius: 4 }}>
                <div style={{ width: `${Math.min(share, 1) * 100}%`, height: '100%', borderRadius: 4, background: share > 1 ? '#b91c1c' : '#6d28d9' }} />
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
