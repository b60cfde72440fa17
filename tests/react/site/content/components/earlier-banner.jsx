// As it stands in the rows of an earlier design: no import, `React` is there.
function EarlierBanner(props) {
  const items = (props.items || []).map(function (item, index) {
    return React.createElement('li', { key: index, style: { display: 'inline-block', marginRight: 12 } }, item);
  });
  return (
    <React.Fragment>
      <div className="earlier-banner" style={{ padding: 12, background: props.background || '#ecfeff', borderRadius: 8 }}>
        <strong>{props.title}</strong>
        <ul style={{ listStyle: 'none', padding: 0, margin: 0 }}>{items}</ul>
      </div>
    </React.Fragment>
  );
}
