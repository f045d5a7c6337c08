// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { Facts } from '../../components/facts';
import { Body, Empty } from '../../components/notice';
import { PageHead } from '../../components/page';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { Ago, When } from '../../components/when';
import { useStore } from '../../state/store';
import { fetch_status, parts } from '../live';
import type { ServerStatus } from '../types';
import { w } from '../words';

export function ServerPage() {
  const part = useStore(parts.status);
  return (
    <>
      <PageHead title={w.server.title} says={w.server.says} />
      <Body part={part} what={w.server.title} retry={() => void fetch_status()}>
        {(status) => (
          <div class="column">
            <Section id="server" title={w.server.title}>
              <div class="inset">
                <Facts
                  facts={[
                    [w.server.version, status.version],
                    [w.server.domain, status.domain],
                    [w.server.started, <Ago time={status.started} />],
                    [w.server.connected, status.connected.toLocaleString()],
                  ]}
                />
                <p class="quiet">
                  {w.server.api} <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>
                </p>
              </div>
            </Section>
            <Servers status={status} />
            <OwnLog status={status} />
            <Listeners status={status} />
            <Roles status={status} />
          </div>
        )}
      </Body>
    </>
  );
}

// Whoever shares the store; alone there is one.
const Servers = ({ status }: { status: ServerStatus }) => (
  <Section id="servers" title={w.server.servers}>
    {status.servers.length === 0 ? (
      <Empty>{w.server.store_away(status.store.why ?? '')}</Empty>
    ) : (
      <table class="sessions fleet">
        <thead>
          <tr>
            <th scope="col">{w.server.on}</th>
            <th scope="col">{w.server.connected}</th>
            <th scope="col">{w.server.version}</th>
            <th scope="col">{w.server.started}</th>
            <th scope="col">{w.one.id}</th>
          </tr>
        </thead>
        <tbody>
          {status.servers.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <Said text={one.name} /> {one.here && <b class="badge">{w.server.here}</b>}
              </th>
              <td data-label={w.server.connected}>{one.connected.toLocaleString()}</td>
              <td data-label={w.server.version}>
                <Said text={one.version} />
              </td>
              <td data-label={w.server.started}>
                <When time={one.started} seconds />
              </td>
              <td data-label={w.one.id}>
                <code>{one.id}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </Section>
);

const OwnLog = ({ status: { log, witness } }: { status: ServerStatus }) => (
  <Section id="log" title={w.server.log}>
    <div class="inset">
      {log.problem && (
        <p class="trouble" role="alert">
          <strong>{w.server.log_not_signed}</strong> <Said text={log.problem} />
        </p>
      )}
      <Facts
        facts={[
          [w.server.acts, log.size.toLocaleString()],
          [w.server.acts_signed, log.signed.toLocaleString()],
          [w.server.log_key, log.key && <code class="key-text">{log.key}</code>],
          [w.server.witness_key, witness && <code class="key-text">{witness}</code>],
        ]}
      />
      <p class="quiet">
        {w.server.log_says} <a href="/api/v1/log/checkpoint">/api/v1/log/checkpoint</a>
      </p>
    </div>
  </Section>
);

const Listeners = ({ status }: { status: ServerStatus }) => (
  <Section id="listeners" title={w.server.listeners}>
    <table class="sessions fleet">
      <thead>
        <tr>
          <th scope="col">{w.server.listeners}</th>
          <th scope="col">{w.server.address}</th>
          <th scope="col">{w.server.valid_until}</th>
          <th scope="col">{w.server.subject}</th>
        </tr>
      </thead>
      <tbody>
        {(status.listeners ?? []).map((one) => (
          <tr key={one.name}>
            <th scope="row">{one.name}</th>
            <td data-label={w.server.address}>{one.address}</td>
            <td data-label={w.server.valid_until}>
              {one.certificate ? <When time={one.certificate.not_after} /> : w.server.no_certificate}
            </td>
            <td data-label={w.server.subject}>
              <Said text={one.certificate?.subject ?? w.server.no_certificate} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Section>
);

const Roles = ({ status }: { status: ServerStatus }) => (
  <Section id="roles" title={w.server.roles}>
    <table class="sessions fleet">
      <thead>
        <tr>
          <th scope="col">{w.server.process}</th>
          <th scope="col">{w.state}</th>
          <th scope="col">{w.server.restarts}</th>
          <th scope="col">{w.server.started}</th>
        </tr>
      </thead>
      <tbody>
        {(status.roles ?? []).map((one) => (
          <tr key={one.name}>
            <th scope="row">{one.name}</th>
            <td data-label={w.state}>
              {one.state} {one.reason && <Said text={one.reason} />}
            </td>
            <td data-label={w.server.restarts}>{one.restarts}</td>
            <td data-label={w.server.started}>{one.started ? <When time={one.started} seconds /> : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Section>
);
