import React, { Component } from 'react';

class KeyLog extends Component {
  static defaultProps = { most: 3, title: 'Keys' };

  state = { keys: [], isWatching: true };

  constructor(props) {
    super(props);
    this.handleKey = this.handleKey.bind(this);
  }

  componentDidMount() {
    window.addEventListener('keydown', this.handleKey);
  }

  componentDidUpdate(_, before) {
    if (before.isWatching !== this.state.isWatching) {
      const change = this.state.isWatching ? window.addEventListener : window.removeEventListener;
      change.call(window, 'keydown', this.handleKey);
    }
  }

  componentWillUnmount() {
    window.removeEventListener('keydown', this.handleKey);
  }

  handleKey(event) {
    this.setState(({ keys }, { most }) => ({ keys: [...keys, event.key].slice(-most) }));
  }

  toggle = () => this.setState({ isWatching: !this.state.isWatching });

  render() {
    const { title, most } = this.props;
    const { keys, isWatching } = this.state;
    return (
      <div style={{ fontFamily: 'monospace', background: '#111827', color: '#f9fafb', padding: 12, borderRadius: 8 }}>
        {title} (last {most}): {keys.length ? keys.join(' ') : 'none'}
        <br />
        <button type="button" onClick={this.toggle}>{isWatching ? 'Pause' : 'Watch'}</button>
      </div>
    );
  }
}

export default KeyLog;
