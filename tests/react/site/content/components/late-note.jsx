import React, { useEffect, useState } from 'react';

/** Nothing at all, until it is seen. */
const LateNote = () => {
  const [seen, setSeen] = useState(false);
  useEffect(() => setSeen(true), []);
  return seen ? <p>You came this far.</p> : null;
};

export default LateNote;
