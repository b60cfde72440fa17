import { useState } from 'react';
import type { MouseEvent } from 'react';

enum Mood { Playful = 'playful', Focused = 'focused', Sleepy = 'sleepy' }

const FACES = { [Mood.Playful]: '😄', [Mood.Focused]: '🧐', [Mood.Sleepy]: '😴' } satisfies Record<Mood, string>;

function MoodPicker({ start = Mood.Focused }: { start?: Mood }) {
  const [mood, setMood] = useState<Mood>(start);
  const pick = (event: MouseEvent<HTMLButtonElement>) => setMood(event.currentTarget.dataset.mood as Mood);
  return (
    <div role="group" aria-label="Mood" style={{ display: 'flex', gap: 8, alignItems: 'center', flexWrap: 'wrap' }}>
      <span style={{ fontSize: 40, transition: 'transform .2s', transform: mood === Mood.Playful ? 'rotate(12deg)' : 'none' }}>{FACES[mood]}</span>
      {Object.values(Mood).map((one) => (
        <button key={one} type="button" data-mood={one} aria-pressed={one === mood} onClick={pick}>
          {one}
        </button>
      ))}
      <output>Robbie is {mood}</output>
    </div>
  );
}

export { MoodPicker as default };
