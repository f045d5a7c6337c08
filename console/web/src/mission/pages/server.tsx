// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { Facts } from '../../components/facts';
import { Body } from '../../components/notice';
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
            <Listeners status={status} />
            <Roles status={status} />
          </div>
        )}
      </Body>
    </>
  );
}

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
