// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One installation: whether it is up, what it reported last, its certificates and events, and the end of it.
import { useEffect, useState } from 'preact/hooks';
import { call, get, Problem, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Raw } from '../../components/event_item';
import { Facts } from '../../components/facts';
import { Field } from '../../components/field';
import { Body, Empty } from '../../components/notice';
import { PageHead } from '../../components/page';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { Ago, When } from '../../components/when';
import { Link } from '../../router';
import { useAction } from '../../state/action';
import { useLoaded } from '../../state/loaded';
import { useStore } from '../../state/store';
import { news } from '../live';
import type { MissionPageProps } from '../routes';
import { AccessAskedSection } from '../sections/access_asked';
import { ProposedSection } from '../sections/proposed';
import { UpdatesOfOneSection } from '../sections/updates_of_one';
import type { Report, ShownInstallation } from '../types';
import { w } from '../words';
import { Alerts } from './alerts';
import { EventList } from './events';
import { StateOf } from './fleet';
import { Measures, Usage } from './measures';

export function InstallationPage({ id, may_operate }: MissionPageProps) {
  const { part, reload } = useLoaded(id, () => get<ShownInstallation>(`/installations/${segment(id)}`));
  const changed = useStore(news);
  useEffect(reload, [changed]);
  return (
    <>
      <p class="crumb">
        <Link href="/">{w.fleet.title}</Link>
      </p>
      <PageHead title={part.value?.customer ?? w.installation} about={part.value?.customer ?? ''} />
      <Body part={part} what={w.installation} retry={reload}>
        {(one) => (
          <div class="column">
            <Conflict one={one} />
            <Alerts of={one.id} may_operate={may_operate} />
            <Standing one={one} />
            <Measures id={one.id} />
            <Usage id={one.id} />
            <AccessAskedSection installation={one.id} may_operate={may_operate && one.state !== 'retired'} />
            <ProposedSection installation={one.id} may_operate={may_operate && one.state !== 'retired'} />
            <UpdatesOfOneSection id={one.id} customer={one.customer} updates={one.updates} may_operate={may_operate && one.state !== 'retired'} on_changed={reload} />
            <Reports one={one} />
            <Certificates one={one} />
            <Section id="events" title={w.events.of}>
              <EventList asked={{ installation: one.id }} live />
            </Section>
            {may_operate && one.state !== 'retired' && <Retire one={one} on_done={reload} />}
          </div>
        )}
      </Body>
    </>
  );
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '?');

function Conflict({ one }: { one: ShownInstallation }) {
  if (!one.conflict || one.state === 'retired') return null;
  const { client, other_client } = one.conflict.body;
  return (
    <div class="trouble conflict" role="alert">
      <strong>{w.one.connected_twice}</strong> <When time={one.conflict.time} seconds />
      <p>
        <Said text={w.one.conflict(text(client), text(other_client))} />
      </p>
    </div>
  );
}

const Standing = ({ one }: { one: ShownInstallation }) => (
  <Section id="standing" title={w.one.standing}>
    <div class="inset">
      <p role="status">
        <StateOf one={one} /> {w.since} <When time={one.since} seconds />
        <span class="quiet"> ({w.state_says[one.state]})</span>
      </p>
      <Facts
        facts={[
          [w.customer, one.customer],
          [w.version, one.version],
          [w.heard, one.heard ? <Ago time={one.heard} /> : w.never],
          [w.one.line, one.line?.client],
          [w.one.life, one.line?.life],
          [w.one.enrolled, <When time={one.enrolled} />],
          [w.one.health, <NewestHealth one={one} />],
          [w.one.log, <Log one={one} />],
          [w.one.name, one.name],
          [w.one.tunnel, one.tunnel && (one.tunnel.open ? w.one.tunnel_open(one.tunnel.connected) : w.one.tunnel_closed)],
          [w.one.tunnel_names, one.tunnel?.names.join(', ')],
          [w.one.events, one.events.toLocaleString()],
          [w.one.id, one.id],
        ]}
      />
    </div>
  </Section>
);

function NewestHealth({ one }: { one: ShownInstallation }) {
  const [newest] = one.health.rows;
  if (!newest) return <>{w.one.health_unknown}</>;
  return (
    <>
      {w.one.healths[newest.status]}, <Ago time={newest.time} />
    </>
  );
}

function Log({ one }: { one: ShownInstallation }) {
  if (!one.log) return <>{w.one.log_none}</>;
  return (
    <>
      {w.one.log_size(one.log.size)}
      {one.log.seen && (
        <>
          , <Ago time={one.log.seen} />
        </>
      )}
      {one.log.conflict && (
        <>
          ; <strong>{w.one.log_conflict}</strong> <When time={one.log.conflict} />
        </>
      )}
      {one.log.offered && `; ${w.one.log_offered}`}
    </>
  );
}

// What can be said in a line; the rest is in the whole report.
const plain_facts = (body: Record<string, unknown>): [string, string][] =>
  Object.entries(body)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => [name.replace(/_/g, ' '), typeof value === 'number' ? value.toLocaleString() : String(value)]);

function Reports({ one }: { one: ShownInstallation }) {
  const reports = Object.entries(one.reports);
  return (
    <Section id="reports" title={w.one.reports}>
      {reports.length === 0 ? (
        <Empty>{w.one.no_reports}</Empty>
      ) : (
        <ul class="rows">
          {reports.map(([kind, report]) => (
            <ReportRow key={kind} kind={kind} report={report} />
          ))}
        </ul>
      )}
    </Section>
  );
}

const ReportRow = ({ kind, report }: { kind: string; report: Report }) => (
  <li class="row">
    <p class="row-title">
      {w.one.kinds[kind] ?? kind}{' '}
      <span class="row-says">
        {w.one.received} <Ago time={report.received} />
      </span>
    </p>
    <Facts facts={plain_facts(report.body)} />
    <details>
      <summary>{w.one.whole}</summary>
      <Raw value={report.body} />
    </details>
  </li>
);

function Certificates({ one }: { one: ShownInstallation }) {
  const state = (each: ShownInstallation['certificates'][number]) =>
    new Date(each.until).getTime() < Date.now() ? w.one.over : each.replaced_by ? w.one.replaced : w.one.in_force;
  return (
    <Section id="certificates" title={w.one.certificates}>
      <table class="sessions fleet">
        <thead>
          <tr>
            <th scope="col">{w.one.serial}</th>
            <th scope="col">{w.state}</th>
            <th scope="col">{w.one.issued}</th>
            <th scope="col">{w.one.until}</th>
            <th scope="col">{w.one.first_used}</th>
          </tr>
        </thead>
        <tbody>
          {one.certificates.map((each) => (
            <tr key={each.serial}>
              <th scope="row">
                <code>{each.serial}</code>
              </th>
              <td data-label={w.state}>{state(each)}</td>
              <td data-label={w.one.issued}>
                <When time={each.issued} />
              </td>
              <td data-label={w.one.until}>
                <When time={each.until} />
              </td>
              <td data-label={w.one.first_used}>{each.first_seen ? <When time={each.first_seen} /> : w.one.not_used}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Retire({ one, on_done }: { one: ShownInstallation; on_done: () => void }) {
  const action = useAction();
  const [asking, set_asking] = useState(false);
  const [typed, set_typed] = useState('');
  const submit = () =>
    void action
      .run(async () => {
        if (typed.trim().toUpperCase() !== one.id.slice(-4)) throw new Problem(0, w.one.retire_differs, '', '', '');
        await call('POST', `/installations/${segment(one.id)}/retire`);
        return w.one.retired(one.customer);
      })
      .then((done) => {
        if (!done) return;
        set_asking(false);
        on_done();
      });
  return (
    <Section id="retire" title={w.one.retire_title}>
      {asking ? (
        <Confirm
          says={w.one.retire_will(one.customer)}
          submit={w.one.retire}
          action={action}
          danger
          on_submit={submit}
          on_cancel={() => {
            action.clear();
            set_asking(false);
          }}
        >
          <Field label={w.one.retire_type(one.id)} value={typed} on_value={set_typed} />
        </Confirm>
      ) : (
        <div class="inset">
          <p class="quiet">{w.one.retire_says}</p>
          <div class="buttons">
            <button type="button" class="danger" onClick={() => set_asking(true)}>
              {w.one.retire}
            </button>
          </div>
        </div>
      )}
    </Section>
  );
}
