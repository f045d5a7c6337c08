// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong now, the severe first; and, for whoever may, taking one on.
import { call, segment } from '../../api/client';
import { Trouble } from '../../components/notice';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { Ago } from '../../components/when';
import { Link } from '../../router';
import { useAction } from '../../state/action';
import { useStore } from '../../state/store';
import { fetch_alerts, parts } from '../live';
import type { Alert } from '../types';
import { w } from '../words';

interface AlertsProps {
  of?: string; // an installation
  may_operate: boolean;
}

const kOrder = { firing: 0, acknowledged: 1, resolved: 2 };
const by_need = (a: Alert, b: Alert) =>
  kOrder[a.state] - kOrder[b.state] || Number(b.severity === 'severe') - Number(a.severity === 'severe') || b.number - a.number;

// Nothing where nothing is wrong.
export function Alerts({ of, may_operate }: AlertsProps) {
  const all = useStore(parts.alerts).value ?? [];
  const shown = all.filter((one) => !of || one.installation === of).sort(by_need);
  if (shown.length === 0) return null;
  return (
    <Section id="alerts" title={w.alerts.title(shown.length)}>
      <ul class="rows">
        {shown.map((one) => (
          <AlertRow key={one.id} one={one} named={!of} may_operate={may_operate} />
        ))}
      </ul>
    </Section>
  );
}

function AlertRow({ one, named, may_operate }: { one: Alert; named: boolean; may_operate: boolean }) {
  const action = useAction();
  const customer = useStore(parts.installations).value?.find((each) => each.id === one.installation)?.customer;
  const acknowledge = () =>
    void action.run(async () => {
      await call('POST', `/alerts/${segment(one.id)}/acknowledge`);
      await fetch_alerts();
      return w.alerts.done;
    });
  return (
    <li class="row alert-row">
      <p class="row-title">
        <span class={`state fact-${one.severity === 'severe' ? 'bad' : 'warn'}`}>
          <span class="dot" aria-hidden="true" />
          {w.alerts.severities[one.severity]}
        </span>{' '}
        {named && (
          <>
            <Link href={`/installations/${segment(one.installation)}`}>
              <Said text={customer ?? one.installation} />
            </Link>{' '}
          </>
        )}
        <Said text={one.what} />
        <span class="row-says">
          {' '}
          <Ago time={one.fired} />
          {one.by && (
            <>
              ; {w.alerts.by} <Said text={one.by.replace(/^person:/, '')} />
            </>
          )}
        </span>
      </p>
      {may_operate && one.state === 'firing' && (
        <button type="button" disabled={action.busy} onClick={acknowledge} aria-label={w.alerts.acknowledge_one(one.what)}>
          {w.alerts.acknowledge}
        </button>
      )}
      <Trouble problem={action.problem} />
    </li>
  );
}
