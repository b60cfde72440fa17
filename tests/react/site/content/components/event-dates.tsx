type Event = { title: string; at: string; seats: number };

const day = (at: string) =>
  new Date(at).toLocaleDateString('en-US', { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' });
const time = (at: string) =>
  new Date(at).toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' });

export default function EventDates({ events }: { events: Event[] }) {
  const sorted = [...events].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <ol style={{ paddingLeft: 20 }}>
      {sorted.map((event) => (
        <li key={event.at}>
          <b>{event.title}</b>
          <br />
          <time dateTime={event.at}>
            {day(event.at)}, {time(event.at)}
          </time>{' '}
          – {event.seats.toLocaleString('en-US')} seats
        </li>
      ))}
    </ol>
  );
}
