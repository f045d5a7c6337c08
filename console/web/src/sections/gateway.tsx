// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the gateway itself is: a tile for each thing that can be wrong, details one click away.
import type { Certificate, GatewayStatus, Histogram, Node, Ordered, ShownCertificate } from '../api/types';
import { get } from '../api/client';
import { Trouble } from '../components/notice';
import { Said } from '../components/said';
import { type Health, Tile } from '../components/tile';
import { Ago, When } from '../components/when';
import { parts } from '../state/live';
import { useEvery, useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import { LineTrouble } from './mission_line';
import { hindered, Revocations } from './revocations';

// A node that nobody checks is no reason to worry, and none to be at ease.
const node_health: Record<Node['state'], Health> = { up: 'good', down: 'bad', not_checked: 'plain' };

const sum = (all: number[]): number => all.reduce((a, b) => a + b, 0);
const kCountEveryMs = 30_000;

function EventsTile() {
  const { part, reload } = useLoaded('events-24h', () => get<Histogram>('/events/histogram?since=24h&parts=1'));
  useEvery(kCountEveryMs, reload);
  const counts = part.value;
  if (!counts) return <Tile title={words.home.tiles.events} value={part.problem ? '–' : words.loading} health="plain" />;
  const [severe, warning] = [sum(counts.severe), sum(counts.warning)];
  const worst = severe ? 'severe' : warning ? 'warning' : 'info';
  return (
    <Tile
      title={words.home.tiles.events}
      value={sum(counts.events).toLocaleString()}
      health={severe ? 'bad' : warning ? 'warn' : 'good'}
      href={`/events?since=24h${worst === 'info' ? '' : `&severity=${worst}`}`}
    >
      {worst === 'info' ? words.home.tiles.worst.info : words.home.tiles.warnings(warning, severe)}
    </Tile>
  );
}

function LogTile({ log }: { log: GatewayStatus['log'] }) {
  const point = log?.checkpoint;
  return (
    <Tile
      title={words.home.tiles.log}
      value={log?.writable ? words.home.tiles.log_good : words.home.tiles.log_bad}
      health={!log?.writable ? 'bad' : point?.problem ? 'warn' : 'good'}
      href="/events?type=log"
    >
      {words.home.tiles.size(log?.size ?? 0)}, {point?.size ? words.home.tiles.checkpoint(point.size) : words.home.tiles.no_checkpoint}
      {point?.time && (
        <>
          {' '}
          (<Ago time={point.time} />)
        </>
      )}
      {point?.problem && (
        <>
          . <Said text={point.problem} />
        </>
      )}
    </Tile>
  );
}

function ComponentTile({ nodes }: { nodes: Node[] }) {
  const count = (state: Node['state']) => nodes.filter((one) => one.state === state).length;
  const [up, down] = [count('up'), count('down')];
  const refused = nodes.find((one) => one.refused_credentials);
  const health = down ? (up ? 'warn' : 'bad') : refused ? 'warn' : up ? 'good' : 'plain';
  const wrong = nodes.find((one) => one.state === 'down') ?? refused;
  return (
    <Tile
      title={words.home.tiles.component}
      value={nodes.length ? words.status.nodes_are(up, down, count('not_checked')) : words.status.no_nodes}
      health={health}
      href="/events?type=node"
    >
      {wrong ? <Said text={wrong.reason ?? wrong.url} /> : [...new Set(nodes.map((one) => one.service))].join(', ')}
    </Tile>
  );
}

function ConfinementTile({ status }: { status: GatewayStatus }) {
  const roles = (status.roles ?? []).filter((one) => one.confinement);
  const whole = roles.filter((one) => one.confinement && words.status.confined(one.confinement).startsWith('confined:'));
  const mode = status.sandbox?.mode ?? '';
  return (
    <Tile
      title={words.home.tiles.confinement}
      value={
        whole.length === roles.length
          ? words.home.tiles.confined(roles.length)
          : words.home.tiles.partly(whole.length, roles.length)
      }
      health={mode === 'required' && whole.length === roles.length ? 'good' : 'warn'}
      href="/events?type=sandbox"
    >
      <Said text={words.home.tiles.mode(mode)} />
    </Tile>
  );
}

const urgency_health = { fine: 'good', soon: 'warn', near: 'bad', over: 'bad' } as const;

type Expiring = Pick<Certificate, 'name' | 'not_after' | 'days' | 'urgency'>;

const shown_by = (status: GatewayStatus): ShownCertificate[] =>
  (status.listeners ?? []).flatMap((one) => one.certificates ?? []);

// The worst is said: one that runs out, then one that could not be had, then one with a flaw.
function CertificatesTile({ status }: { status: GatewayStatus }) {
  const certificates: Expiring[] = [...(status.certificates ?? []), ...(status.tokens ?? [])];
  const first = [...certificates].sort((a, b) => a.not_after.localeCompare(b.not_after))[0];
  if (!first) return null;
  const few = certificates.filter((one) => one.urgency !== 'fine').length;
  const flaws = shown_by(status).flatMap((one) => one.flaws);
  const why = status.acme?.why;
  const tiles = words.home.tiles;
  const unfetched = hindered(status);
  const wrong = why
    ? tiles.not_issued
    : flaws.length
      ? tiles.flawed(flaws.length)
      : unfetched.length
        ? tiles.unfetched(unfetched.length)
        : undefined;
  return (
    <Tile
      title={tiles.certificates}
      value={few ? tiles.expiring(few) : wrong ?? tiles.none_expires}
      health={few ? urgency_health[first.urgency] : wrong ? (status.acme?.too_late ? 'bad' : 'warn') : 'good'}
      href="/events?type=certificate"
    >
      {few || !wrong ? (
        <>
          <Said text={first.name} />: {tiles.left(first.days, first.urgency === 'over')}
        </>
      ) : (
        <Said text={why ?? flaws[0] ?? unfetched[0]?.why ?? ''} />
      )}
    </Tile>
  );
}

function Flaws({ status }: { status: GatewayStatus }) {
  const flawed = shown_by(status).filter((one) => one.flaws.length);
  return (
    <>
      {flawed.map((one) => (
        <li key={one.subject + one.not_after} class="fact-warn">
          <span class="dot" aria-hidden="true" />
          <b>
            <Said text={one.names[0] ?? one.subject} />
          </b>{' '}
          {words.home.used_but}
          {one.flaws.map((flaw) => (
            <small key={flaw}>
              <Said text={flaw} />
            </small>
          ))}
          <small>{words.home.flaw_advice}</small>
        </li>
      ))}
    </>
  );
}

function OrderedCertificate({ ordered }: { ordered: Ordered }) {
  const text = words.home.ordered;
  return (
    <li class={`fact-${ordered.why ? (ordered.too_late ? 'bad' : 'warn') : 'good'}`}>
      <span class="dot" aria-hidden="true" />
      <b>
        <Said text={text.title(ordered.authority)} />
      </b>{' '}
      <span class="quiet">
        {ordered.last ? (
          <>
            {text.last} <When time={ordered.last} />
          </>
        ) : (
          text.none
        )}
        {ordered.next && (
          <>
            , {ordered.why ? text.again : text.renewal} <When time={ordered.next} />
          </>
        )}
      </span>
      <small>
        <Said text={ordered.names.join(', ')} />
      </small>
      {ordered.why && (
        <>
          <small>
            {text.failed(ordered.failures ?? 1)} <Said text={ordered.why} />
          </small>
          {ordered.too_late && <small>{text.too_late}</small>}
          <small>{text.advice(ordered.challenge === 'tls-alpn-01')}</small>
        </>
      )}
    </li>
  );
}

function ProcessesTile({ status }: { status: GatewayStatus }) {
  const roles = status.roles ?? [];
  const running = roles.filter((one) => one.state === 'running').length;
  return (
    <Tile
      title={words.home.tiles.processes}
      value={words.status.roles_running(running, roles.length)}
      health={running === roles.length ? 'good' : running === 0 ? 'bad' : 'warn'}
      href="/events?type=role"
    >
      {words.status.policy_is(status.policy?.capabilities ?? 0, status.policy?.operations ?? 0)}
    </Tile>
  );
}

export function GatewaySection() {
  const part = useStore(parts.status);
  const status = part.value;
  const closed = status?.log && !status.log.writable;
  return (
    <section id="gateway" aria-label={words.home.health}>
      {closed && (
        <p class="trouble" role="alert">
          <strong>{words.status.door_closed}</strong> <Said text={status.log?.reason ?? ''} />
        </p>
      )}
      <Trouble problem={part.problem} />
      <ul class="tiles">
        <EventsTile />
        {status && (
          <>
            <LogTile log={status.log} />
            <ComponentTile nodes={status.component?.nodes ?? []} />
            <ConfinementTile status={status} />
            <CertificatesTile status={status} />
            <ProcessesTile status={status} />
          </>
        )}
      </ul>
      {status?.link && <LineTrouble link={status.link} />}
      {status && (
        <details class="strip">
          <summary>{words.home.gateway}</summary>
          <Details status={status} />
        </details>
      )}
    </section>
  );
}

function Details({ status }: { status: GatewayStatus }) {
  return (
    <div class="strip-details">
      <div>
        <h2>{words.status.nodes}</h2>
        <ul>
          {(status.component?.nodes ?? []).map((node) => (
            <li
              key={node.service + node.url}
              class={`fact-${node.refused_credentials ? 'bad' : node_health[node.state]}`}
            >
              <span class="dot" aria-hidden="true" />
              <b>
                <Said text={node.service} />
              </b>{' '}
              <code>
                <Said text={node.url} />
              </code>{' '}
              {words.status.node_states[node.state]}
              {node.reason && (
                <small>
                  <Said text={node.reason} />
                </small>
              )}
              {node.refused_credentials && (
                <small>
                  <Said text={words.status.credential_refused(node.refused_credentials.join(', '))} />
                </small>
              )}
            </li>
          ))}
        </ul>
      </div>
      <div>
        <h2>{words.status.roles}</h2>
        <ul>
          {(status.roles ?? []).map((role) => (
            <li key={role.name} class={`fact-${role.state === 'running' ? 'good' : 'warn'}`}>
              <span class="dot" aria-hidden="true" />
              <b>
                <Said text={role.name} />
              </b>{' '}
              {words.status.role_states[role.state]}
              {role.confinement && <span class="quiet"> {words.status.confined(role.confinement)}</span>}
              {!!role.restarts && <span class="quiet"> {words.status.restarts(role.restarts)}</span>}
              {role.reason && (
                <small>
                  <Said text={role.reason} />
                </small>
              )}
            </li>
          ))}
        </ul>
      </div>
      <div>
        <h2>{words.status.certificates}</h2>
        <ul>
          {(status.certificates ?? []).map((one) => (
            <li key={one.what + one.name + one.subject} class={`fact-${urgency_health[one.urgency]}`}>
              <span class="dot" aria-hidden="true" />
              <b>
                <Said text={one.name} />
              </b>{' '}
              <span class="quiet">
                {words.status.valid_until} <When time={one.not_after} />
              </span>
              {one.urgency !== 'fine' && (
                <small>
                  {words.home.tiles.left(one.days, one.urgency === 'over')} <Said text={one.file ?? ''} />
                </small>
              )}
            </li>
          ))}
          <Flaws status={status} />
          {status.acme && <OrderedCertificate ordered={status.acme} />}
          <Revocations status={status} />
        </ul>
      </div>
      <div>
        <h2>{words.status.title}</h2>
        <ul>
          <li>
            {words.status.version}{' '}
            <b>
              <Said text={status.version} />
            </b>
          </li>
          {status.log?.directory && (
            <li>
              {words.status.log}{' '}
              <code>
                <Said text={status.log.directory} />
              </code>
            </li>
          )}
          {status.policy?.hash && (
            <li>
              {words.status.policy}{' '}
              <code class="clip">
                <Said text={status.policy.hash} title={status.policy.hash} />
              </code>
            </li>
          )}
        </ul>
      </div>
    </div>
  );
}
