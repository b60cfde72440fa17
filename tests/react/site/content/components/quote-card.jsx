const QuoteCard = (props) => {
  const initials = props.author
    .split(' ')
    .map((part) => part[0])
    .join('');
  return (
    <blockquote style={{ margin: 0, padding: 24, background: '#fefce8', borderRadius: 16, fontStyle: 'italic' }} cite={props.source}>
      <p>“{props.text}”</p>
      <footer style={{ display: 'flex', alignItems: 'center', gap: 8, fontStyle: 'normal' }}>
        <span aria-hidden="true" style={{ width: 36, height: 36, lineHeight: '36px', textAlign: 'center', borderRadius: '50%', background: '#fde047' }}>
          {initials}
        </span>
        {props.author}, {props.role}
      </footer>
    </blockquote>
  );
};
