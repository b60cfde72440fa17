import type { CSSProperties } from 'react';

type Point = { label: string; value: number };

const frame: CSSProperties = { maxWidth: '100%', height: 'auto', display: 'block', background: '#fafafa', borderRadius: 8 };

export default function SparkChart({ title, points, color = '#6d28d9' }: { title: string; points: Point[]; color?: string }) {
  const W = 320, H = 120, PAD = 20;
  const max = Math.max(...points.map((p) => p.value));
  const x = (i: number) => PAD + (i * (W - 2 * PAD)) / (points.length - 1);
  const y = (v: number) => H - PAD - (v / max) * (H - 2 * PAD);
  return (
    <figure style={{ margin: 0 }}>
      <svg viewBox={`0 0 ${W} ${H}`} width={W} height={H} style={frame} preserveAspectRatio="xMidYMid meet" role="img" aria-label={title}>
        <defs>
          <linearGradient id="spark-fill" x1="0" x2="0" y1="0" y2="1">
            <stop offset="0%" stopColor={color} stopOpacity={0.4} />
            <stop offset="100%" stopColor={color} stopOpacity={0} />
          </linearGradient>
          <clipPath id="spark-clip">
            <rect x={0} y={0} width={W} height={H - PAD} />
          </clipPath>
        </defs>
        <polygon
          clipPath="url(#spark-clip)"
          fill="url(#spark-fill)"
          points={[`${x(0)},${H - PAD}`, ...points.map((p, i) => `${x(i).toFixed(1)},${y(p.value).toFixed(1)}`), `${x(points.length - 1)},${H - PAD}`].join(' ')}
        />
        <polyline fill="none" stroke={color} strokeWidth={2} strokeDasharray="4 2" points={points.map((p, i) => `${x(i).toFixed(1)},${y(p.value).toFixed(1)}`).join(' ')} />
        {points.map((p, i) => (
          <text key={p.label} x={x(i)} y={H - 4} textAnchor="middle" fontSize={10} style={{ fill: '#374151' }}>
            {p.label}
          </text>
        ))}
      </svg>
      <figcaption style={{ fontSize: 14 }}>
        {title}: highest is {max}
      </figcaption>
    </figure>
  );
}
