import React, { forwardRef, memo } from 'react';

interface BadgeProps extends React.HTMLAttributes<HTMLSpanElement> { tone: 'good' | 'bad' }

const Badge = forwardRef<HTMLSpanElement, BadgeProps>(function Badge({ tone, style, ...rest }, ref) {
  return (
    <span
      ref={ref}
      data-tone={tone}
      style={{ borderRadius: 999, padding: '2px 10px', fontSize: 12, background: tone === 'good' ? '#d1fae5' : '#fee2e2', ...style }}
      {...rest}
    />
  );
});

const ProfileCard = memo(function ProfileCard({ name, online, skills }: { name: string; online: boolean; skills: string[] }) {
  return (
    <article
      aria-label={name}
      aria-busy={!online}
      data-online={online}
      data-skills={skills.length}
      className={['card', online && 'is-online'].filter(Boolean).join(' ')}
      style={{ display: 'grid', gridTemplateColumns: '1fr auto', gap: 8, padding: 16, border: '1px solid #ddd', borderRadius: 12 }}
    >
      <strong translate="no">{name}</strong>
      <Badge tone={online ? 'good' : 'bad'} style={{ fontWeight: 700 }} title="Now">
        {online ? 'online' : 'away'}
      </Badge>
      <p style={{ gridColumn: '1 / -1', margin: 0 }} hidden={skills.length === 0}>
        {skills.map((skill) => <Badge key={skill} tone="good">{skill}</Badge>)}
      </p>
      <label style={{ gridColumn: '1 / -1' }}>
        Code <input readOnly value="R-2-D" maxLength={10} autoComplete="off" spellCheck={false} style={{ width: 90 }} />
      </label>
      <button type="button" disabled style={{ gridColumn: '1 / -1' }}>Invite</button>
    </article>
  );
});

ProfileCard.displayName = 'ProfileCard';

export default ProfileCard;
