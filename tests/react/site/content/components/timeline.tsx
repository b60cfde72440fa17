import { Fragment } from 'react';

type Step = { when: string; what: string; done?: boolean };

export default function Timeline({ title, steps }: { title: string; steps: Step[] }) {
  return (
    <section style={{ margin: '24px 0' }}>
      <h2 style={{ fontSize: 20 }}>{title}</h2>
      <dl style={{ borderLeft: '3px solid #c4b5fd', paddingLeft: 16 }}>
        {steps.map((step, i) => (
          <Fragment key={step.when}>
            <dt style={{ fontSize: 13, color: '#4b5563' }}>
              {i + 1}. {step.when}
            </dt>
            <dd style={{ margin: '0 0 12px', textDecoration: step.done ? 'line-through' : undefined }}>
              {step.done ? '✓ ' : null}
              {step.what}
            </dd>
          </Fragment>
        ))}
      </dl>
      <>
        <p>
          {steps.filter((s) => s.done).length} of {steps.length} done
        </p>
      </>
    </section>
  );
}
