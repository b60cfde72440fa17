import { useReducer } from 'react';

type Task = { id: string; title: string; column: number };
type Action = { type: 'move'; id: string; by: 1 | -1 } | { type: 'add'; column: number; title: string };

function reducer(tasks: Task[], action: Action): Task[] {
  switch (action.type) {
    case 'move':
      return tasks.map((task) => (task.id === action.id ? { ...task, column: task.column + action.by } : task));
    case 'add':
      return [...tasks, { id: `new-${tasks.length}`, title: action.title, column: action.column }];
    default:
      return tasks;
  }
}

export default function TaskBoard({ columns, tasks: initial }: { columns: string[]; tasks: Task[] }) {
  const [tasks, dispatch] = useReducer(reducer, initial);
  return (
    <div style={{ display: 'flex', flexWrap: 'wrap', gap: 16, alignItems: 'flex-start' }}>
      {columns.map((name, column) => {
        const own = tasks.filter((task) => task.column === column);
        return (
          <section key={name} aria-label={name} style={{ flex: '1 1 180px', background: '#f3f4f6', borderRadius: 12, padding: 12 }}>
            <h3 style={{ margin: 0, fontSize: 15 }}>
              {name} ({own.length})
            </h3>
            <ul style={{ listStyle: 'none', padding: 0 }}>
              {own.map((task) => (
                <li key={task.id} style={{ background: '#fff', borderRadius: 8, padding: 8, marginBottom: 8, boxShadow: '0 1px 2px rgba(0,0,0,.1)' }}>
                  {task.title}
                  <span style={{ float: 'right' }}>
                    {column > 0 && (
                      <button type="button" aria-label={`Move ${task.title} back`} onClick={() => dispatch({ type: 'move', id: task.id, by: -1 })}>‹</button>
                    )}
                    {column < columns.length - 1 && (
                      <button type="button" aria-label={`Move ${task.title} on`} onClick={() => dispatch({ type: 'move', id: task.id, by: 1 })}>›</button>
                    )}
                  </span>
                </li>
              ))}
            </ul>
            <button type="button" onClick={() => dispatch({ type: 'add', column, title: `Task ${tasks.length + 1}` })}>+ Add</button>
          </section>
        );
      })}
    </div>
  );
}
