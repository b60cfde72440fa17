import * as React from 'react';

type Mood = 'playful' | 'focused' | 'sleepy';

const MOUTHS: Record<Mood, string> = {
  playful: 'M26 39.5q6 6.5 12 0z',
  focused: 'M28 41h8',
  sleepy: 'M30 42h4',
};

const LABELS = {
  playful: 'Robbie is in a playful mood',
  focused: 'Robbie is focused',
  sleepy: 'Robbie is nearly asleep',
} as const;

export const RobbieFace: React.FC<{ mood?: Mood; size?: number }> = ({ mood = 'playful', size = 64 }) => (
  <figure style={{ margin: 0, display: 'inline-flex', flexDirection: 'column', alignItems: 'center', gap: 4 }}>
    <svg viewBox="0 0 64 64" width={size} height={size} role="img" aria-label={LABELS[mood]} xmlns="http://www.w3.org/2000/svg">
      <rect x={7} y={14} width={50} height={44} rx={17} fill="#6d28d9" />
      <g fill="none" stroke="#f8fafc" strokeWidth={2.6} strokeLinecap="round" strokeLinejoin="round">
        {mood === 'sleepy' ? (
          <path d="M21.5 33q3.5 3.5 7 0M35.5 33q3.5 3.5 7 0" />
        ) : (
          [25, 39].map((cx) => <circle key={cx} cx={cx} cy={33} r={3.4} fill="#f8fafc" stroke="none" />)
        )}
        <path d={MOUTHS[mood]} fillOpacity={0.5} />
      </g>
    </svg>
    <figcaption style={{ fontSize: 12, textTransform: 'capitalize' }}>{mood}</figcaption>
  </figure>
);
