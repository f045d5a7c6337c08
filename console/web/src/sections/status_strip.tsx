// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether the gateway itself is well, in one line; details one click away.
import type { GatewayStatus, Node } from '../api/types';
import { Trouble } from '../components/notice';
import { Said } from '../components/said';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';

type Health = 'good' | 'plain' | 'warn' | 'bad';
interface Fact {
  name: string;
  value: string;
  health: Health;
}

function health_of(up: number, all: number): Health {
  if (all > 0 && up === 0) return 'bad';
  return up < all ? 'warn' : 'good';
}

// A node that nobody checks is no reason to worry, and none to be at ease.
const node_health: Record<Node['state'], Health> = { up: 'good', down: 'bad', not_checked: 'plain' };

function nodes_fact(nodes: Node[]): Fact {
  const count = (state: Node['state']) => nodes.filter((one) => one.state === state).length;
  const up = count('up');
  const down = count('down');
  return {
    name: words.status.nodes,
    value: nodes.length ? words.status.nodes_are(up, down, count('not_checked')) : words.status.no_nodes,
    health: down ? (up ? 'warn' : 'bad') : nodes.some((one) => one.refused_credentials) ? 'warn' : up ? 'good' : 'plain',
  };
}

function facts_of(status: GatewayStatus): Fact[] {
  const roles = status.roles ?? [];
  const running = roles.filter((one) => one.state === 'running').length;
  const writable = status.log?.writable ?? false;
  const facts: Fact[] = [
    {
      name: words.status.log,
      value: `${writable ? words.status.writable : words.status.not_writable}, ${words.status.size(status.log?.size ?? 0)}`,
      health: writable ? 'good' : 'bad',
    },
    nodes_fact(status.component?.nodes ?? []),
    {
      name: words.status.roles,
      value: words.status.roles_running(running, roles.length),
      health: health_of(running, roles.length),
    },
    {
      name: words.status.policy,
      value: words.status.policy_is(status.policy?.capabilities ?? 0, status.policy?.operations ?? 0),
      health: 'good',
    },
  ];
  if (status.sandbox)
    facts.push({
      name: words.status.sandbox,
      value: status.sandbox.mode,
      health: status.sandbox.mode === 'required' ? 'good' : 'warn',
    });
  return facts;
}

export function StatusStrip() {
  const part = useStore(parts.status);
  const status = part.value;
  if (!status)
    return part.problem ? (
      <div class="strip">
        <Trouble problem={part.problem} />
      </div>
    ) : (
      <div class="strip strip-loading" />
    );
  const closed = status.log && !status.log.writable;
  return (
    <section class="strip" id="gateway" aria-label={words.status.title}>
      {closed && (
        <p class="trouble" role="alert">
          <strong>{words.status.door_closed}</strong> <Said text={status.log?.reason ?? ''} />
        </p>
      )}
      <details>
        <summary>
          <span class="facts">
            {facts_of(status).map((fact) => (
              <span key={fact.name} class={`fact fact-${fact.health}`}>
                <span class="dot" aria-hidden="true" />
                <span class="quiet">{fact.name}</span> <Said text={fact.value} />
              </span>
            ))}
          </span>
          <span class="more">{words.status.details}</span>
        </summary>
        <Details status={status} />
      </details>
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
