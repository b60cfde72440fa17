import React, { createContext, useContext, useReducer, type Dispatch } from 'react';

type Item = { sku: string; name: string; cents: number };
type Cart = Record<string, number>;
type Action = { kind: 'add' | 'remove'; sku: string } | { kind: 'clear' };

const CartContext = createContext<{ cart: Cart; dispatch: Dispatch<Action> } | null>(null);

function reduce(cart: Cart, action: Action): Cart {
  if (action.kind === 'clear') return {};
  const amount = (cart[action.sku] ?? 0) + (action.kind === 'add' ? 1 : -1);
  const { [action.sku]: _, ...others } = cart;
  return amount > 0 ? { ...others, [action.sku]: amount } : others;
}

const usd = (cents: number) => new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(cents / 100);

function useCart() {
  const value = useContext(CartContext);
  if (!value) throw new Error('useCart outside of a cart');
  return value;
}

function Line({ item }: { item: Item }) {
  const { cart, dispatch } = useCart();
  const amount = cart[item.sku] ?? 0;
  return (
    <tr>
      <td style={{ padding: 6 }}>{item.name}</td>
      <td style={{ padding: 6, textAlign: 'right' }}>{usd(item.cents)}</td>
      <td style={{ padding: 6, whiteSpace: 'nowrap' }}>
        <button type="button" disabled={!amount} onClick={() => dispatch({ kind: 'remove', sku: item.sku })} aria-label={`Less ${item.name}`}>−</button>
        <span style={{ display: 'inline-block', minWidth: 24, textAlign: 'center' }}>{amount}</span>
        <button type="button" onClick={() => dispatch({ kind: 'add', sku: item.sku })} aria-label={`More ${item.name}`}>+</button>
      </td>
    </tr>
  );
}

export default function ShopCart({ items }: { items: Item[] }) {
  const [cart, dispatch] = useReducer(reduce, {});
  const sum = items.reduce((total, item) => total + item.cents * (cart[item.sku] ?? 0), 0);
  return (
    <CartContext.Provider value={{ cart, dispatch }}>
      <table style={{ borderCollapse: 'collapse' }}>
        <tbody>{items.map((item) => <Line key={item.sku} item={item} />)}</tbody>
      </table>
      <p>
        <strong>Sum: {usd(sum)}</strong> {sum > 0 && <button type="button" onClick={() => dispatch({ kind: 'clear' })}>Empty</button>}
      </p>
    </CartContext.Provider>
  );
}
