// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Tokens with which nodes of the component send events, and the remote gateways that they speak of.
import { useState } from 'preact/hooks';
import { call, items } from '../api/client';
import type { IntakeToken, RemoteGateway } from '../api/types';
import { Facts } from '../components/facts';
import { Body, Empty, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { TokenRow } from '../components/token_row';
import { When } from '../components/when';
import { useAction } from '../state/action';
import { useLoaded } from '../state/loaded';
import { words } from '../text';

interface Props {
  may_change: boolean;
  on_made: (made: { name: string; token?: string }) => void;
}

export function IntakeSections({ may_change, on_made }: Props) {
  const { part, reload } = useLoaded('intake-tokens', () => items<IntakeToken>('/intake/tokens'));
  return (
    <>
      <Section id="intake-tokens" title={words.intake.list} count={part.value?.length}>
        <p class="inset">{words.intake.says}</p>
        <Body part={part} what={words.intake.list} retry={reload}>
          {(list) =>
            list.length === 0 ? (
              <Empty>{words.intake.none}</Empty>
            ) : (
              <ul class="rows">
                {list.map((token) => (
                  <TokenRow
                    key={token.id}
                    token={token}
                    path="/intake/tokens"
                    will_revoke={words.intake.will_revoke(token.name)}
                    revoked={words.intake.revoked(token.name)}
                    may_change={may_change}
                    on_revoked={reload}
                    facts={[
                      [words.intake.service, token.service || words.intake.any_service],
                      [words.intake.until, token.not_after ? <When time={token.not_after} /> : words.intake.no_end],
                    ]}
                  />
                ))}
              </ul>
            )
          }
        </Body>
        {may_change && (
          <CreateForm
            on_made={(token) => {
              on_made(token);
              reload();
            }}
          />
        )}
      </Section>
      <Gateways />
    </>
  );
}

function CreateForm({ on_made }: { on_made: (token: IntakeToken) => void }) {
  const action = useAction();
  const [name, set_name] = useState('');
  const [service, set_service] = useState('');
  const create = () =>
    void action.run(async () => {
      on_made(await call<IntakeToken>('POST', '/intake/tokens', { name, service }));
      set_name('');
    });
  return (
    <form
      class="inset token-form"
      onSubmit={(event) => {
        event.preventDefault();
        create();
      }}
    >
      <label>
        {words.intake.name}
        <input value={name} required maxLength={64} autocomplete="off" aria-describedby="intake-name-hint" onInput={(event) => set_name(event.currentTarget.value)} />
        <small id="intake-name-hint">{words.tokens.name_hint}</small>
      </label>
      <label>
        {words.intake.service}
        <input value={service} maxLength={128} autocomplete="off" aria-describedby="intake-service-hint" onInput={(event) => set_service(event.currentTarget.value)} />
        <small id="intake-service-hint">{words.intake.service_hint}</small>
      </label>
      <Trouble problem={action.problem} />
      <div class="buttons">
        <button type="submit" class="primary" aria-busy={action.busy}>
          {words.intake.create}
        </button>
      </div>
    </form>
  );
}

function Gateways() {
  const { part, reload } = useLoaded('remote-gateways', () => items<RemoteGateway>('/intake/gateways'));
  return (
    <Section id="remote-gateways" title={words.intake.gateways} count={part.value?.length}>
      <Body part={part} what={words.intake.gateways} retry={reload}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{words.intake.no_gateways}</Empty>
          ) : (
            <ul class="rows">
              {list.map((gateway) => (
                <li class="row" key={`${gateway.service} ${gateway.name}`}>
                  <p class="row-title">
                    <Said text={gateway.name} /> <span class="badge">{gateway.lost ? words.intake.is_lost : words.intake.heard}</span>
                  </p>
                  <Facts
                    facts={[
                      [words.intake.service, gateway.service || words.intake.any_service],
                      [words.intake.registered, <When time={gateway.registered} />],
                      [words.intake.lost, gateway.lost ? <When time={gateway.lost} /> : undefined],
                    ]}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
  );
}
