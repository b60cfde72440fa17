import { useMemo, useState } from 'react';

const SUITS = ['♠', '♥', '♦', '♣'];
const RANKS = ['A', '2', '3', '4', '5', '6', '7', '8', '9', '10', 'J', 'Q', 'K'];

/** A deck that is the same for the same seed. */
function shuffled(seed: number): string[] {
  const deck = SUITS.flatMap((suit) => RANKS.map((rank) => rank + suit));
  let state = seed;
  for (let i = deck.length - 1; i > 0; i--) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const j = state % (i + 1);
    [deck[i], deck[j]] = [deck[j], deck[i]];
  }
  return deck;
}

function total(cards: string[]): number {
  let sum = 0, aces = 0;
  for (const card of cards) {
    const rank = card.slice(0, -1);
    if (rank === 'A') { aces++; sum += 11; }
    else sum += 'JQK'.includes(rank) ? 10 : Number(rank);
  }
  while (sum > 21 && aces-- > 0) sum -= 10;
  return sum;
}

const Card = ({ card, hidden }: { card: string; hidden?: boolean }) => (
  <span
    style={{
      display: 'inline-block', width: 44, height: 60, lineHeight: '60px', textAlign: 'center', margin: 4, borderRadius: 6,
      background: hidden ? '#1e3a8a' : '#fff', color: hidden ? '#fff' : /[♥♦]/.test(card) ? '#b91c1c' : '#111827',
    }}
  >
    {hidden ? '?' : card}
  </span>
);

export default function BlackjackTable({ seed = 7, bet = 20 }: { seed?: number; bet?: number }) {
  const deck = useMemo(() => shuffled(seed), [seed]);
  const [drawn, setDrawn] = useState(2);
  const [stood, setStood] = useState(false);
  const mine = [deck[0], deck[2], ...deck.slice(4, 2 + drawn)];
  const dealer = [deck[1], deck[3]];
  for (let next = 2 + drawn; stood && total(dealer) < 17; next++) dealer.push(deck[next]);
  const points = total(mine);
  const over = stood || points > 21;
  const won = points <= 21 && (total(dealer) > 21 || points > total(dealer));

  return (
    <div style={{ background: '#065f46', color: '#fff', padding: 16, borderRadius: 16 }}>
      <p>Dealer {over && <b>{total(dealer)}</b>}</p>
      <div>{dealer.map((card, i) => <Card key={card} card={card} hidden={i === 1 && !over} />)}</div>
      <p>You <b data-points="">{points}</b></p>
      <div>{mine.map((card) => <Card key={card} card={card} />)}</div>
      <p role="status">{!over ? `Your bet is ${bet} chips` : won ? `You win ${bet} chips` : `You lose ${bet} chips`}</p>
      <button type="button" disabled={over} onClick={() => setDrawn(drawn + 1)}>Hit</button>{' '}
      <button type="button" disabled={over} onClick={() => setStood(true)}>Stand</button>{' '}
      {over && <button type="button" onClick={() => { setDrawn(2); setStood(false); }}>Again</button>}
    </div>
  );
}
