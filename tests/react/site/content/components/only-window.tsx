import { useState } from 'react';

/** Asks for the window while it renders, so it can be rendered nowhere else. */
export default function OnlyWindow({ label }: { label: string }) {
  const [width] = useState(window.innerWidth);
  const visits = Number(localStorage.getItem('visits') ?? 0) + 1;
  localStorage.setItem('visits', String(visits));
  return <p>{label}: {width} px wide</p>;
}
