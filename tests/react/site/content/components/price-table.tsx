type Plan = { name: string; price: number | null; features: Record<string, boolean | string> };

const cell = { padding: '8px 12px', borderBottom: '1px solid #e5e7eb' };

export default ({ plans, features }: { plans: Plan[]; features: string[] }) => (
  <div style={{ overflowX: 'auto', WebkitOverflowScrolling: 'touch' }} tabIndex={0} role="region" aria-label="Prices">
    <table style={{ borderCollapse: 'collapse', minWidth: 480, width: '100%' }}>
      <caption style={{ captionSide: 'bottom', fontSize: 13 }}>Prices a month, without tax</caption>
      <colgroup>
        <col span={1} style={{ width: '40%' }} />
        <col span={plans.length} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col" style={cell}>Plan</th>
          {plans.map((plan) => (
            <th key={plan.name} scope="col" style={{ ...cell, textAlign: 'right' }}>
              {plan.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {features.map((feature) => (
          <tr key={feature}>
            <th scope="row" style={{ ...cell, fontWeight: 400, textAlign: 'left' }}>{feature}</th>
            {plans.map((plan) => {
              const has = plan.features[feature];
              return (
                <td key={plan.name} style={{ ...cell, textAlign: 'right' }}>
                  {has === true ? '✔︎' : has || '–'}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" style={cell}>Price</th>
          {plans.map((plan) => (
            <td key={plan.name} style={{ ...cell, textAlign: 'right' }}>
              {plan.price === null ? 'Ask us' : plan.price === 0 ? 'Free' : `$${plan.price.toFixed(2)}`}
            </td>
          ))}
        </tr>
        <tr>
          <td colSpan={plans.length + 1} style={cell}>
            Change your mind whenever you like.
          </td>
        </tr>
      </tfoot>
    </table>
  </div>
);
