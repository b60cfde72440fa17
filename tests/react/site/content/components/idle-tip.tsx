import { useState } from 'react';

const IdleTip = ({ tips }: { tips: string[] }) => {
  const [index, setIndex] = useState(0);
  return (
    <p style={{ background: '#eff6ff', padding: 12, borderRadius: 8 }}>
      Tip {index + 1}/{tips.length}: {tips[index]} <button type="button" onClick={() => setIndex((index + 1) % tips.length)}>Next</button>
    </p>
  );
};

export default IdleTip;
