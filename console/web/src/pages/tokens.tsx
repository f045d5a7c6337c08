// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// API tokens: which there are, a new one, and the end of one. What is made is shown once, and kept by nobody.
import { useState } from 'preact/hooks';
import { call, items } from '../api/client';
import type { Token } from '../api/types';
import { Body, Empty, Trouble } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { TokenRow } from '../components/token_row';
import { When } from '../components/when';
import type { PageProps } from '../routes';
import { IntakeSections } from '../sections/intake';
import { said, useAction } from '../state/action';
import { useLoaded } from '../state/loaded';
import { words } from '../text';

export function TokensPage({ may_change }: PageProps) {
  const { part, reload } = useLoaded('tokens', () => items<Token>('/tokens'));
  const [made, set_made] = useState<{ name: string; token?: string } | undefined>(undefined);
  return (
    <>
      <PageHead title={words.tokens.title} says={words.tokens.says} />
      <div class="column">
        {made && <Made token={made} on_close={() => set_made(undefined)} />}
        {may_change && (
          <CreateSection
            on_made={(token) => {
              set_made(token);
              reload();
            }}
          />
        )}
        <Section id="tokens" title={words.tokens.list} count={part.value?.length}>
          <Body part={part} what={words.tokens.list} retry={reload}>
            {(list) =>
              list.length === 0 ? (
                <Empty>{words.tokens.none}</Empty>
              ) : (
                <ul class="rows">
                  {list.map((token) => (
                    <ApiTokenRow key={token.id} token={token} may_change={may_change} on_revoked={reload} />
                  ))}
                </ul>
              )
            }
          </Body>
        </Section>
        <IntakeSections may_change={may_change} on_made={set_made} />
      </div>
    </>
  );
}

function Made({ token, on_close }: { token: { name: string; token?: string }; on_close: () => void }) {
  const copy = () => void navigator.clipboard.writeText(token.token ?? '').then(() => said.set(words.tokens.copied));
  return (
    <section class="panel" id="token-made" role="status">
      <div class="inset made">
        <p>
          <Said text={words.tokens.made(token.name)} />
        </p>
        <p>
          <code class="secret">{token.token}</code>
        </p>
        <div class="buttons">
          <button type="button" class="primary" onClick={copy}>
            {words.tokens.copy}
          </button>
          <button type="button" onClick={on_close}>
            {words.close}
          </button>
        </div>
      </div>
    </section>
  );
}

function CreateSection({ on_made }: { on_made: (token: Token) => void }) {
  const action = useAction();
  const [name, set_name] = useState('');
  const [rank, set_rank] = useState<Token['rank']>('auditor');
  const [scopes, set_scopes] = useState<string[]>(['read']);
  const [networks, set_networks] = useState('');
  const [expires, set_expires] = useState('90d');
  const toggle = (scope: string) =>
    set_scopes((old) => (old.includes(scope) ? old.filter((one) => one !== scope) : [...old, scope]));
  const create = () =>
    void action.run(async () => {
      const wanted = { name, rank, scopes: rank === 'auditor' ? ['read'] : scopes, networks: networks.split(/\s+/).filter(Boolean), expires };
      on_made(await call<Token>('POST', '/tokens', wanted));
      set_name('');
    });
  return (
    <Section id="new-token" title={words.tokens.create}>
      <form
        class="inset token-form"
        onSubmit={(event) => {
          event.preventDefault();
          create();
        }}
      >
        <label>
          {words.tokens.name}
          <input value={name} required maxLength={64} autocomplete="off" aria-describedby="token-name-hint" onInput={(event) => set_name(event.currentTarget.value)} />
          <small id="token-name-hint">{words.tokens.name_hint}</small>
        </label>
        <label>
          {words.tokens.rank}
          <select value={rank} onChange={(event) => set_rank(event.currentTarget.value as Token['rank'])}>
            {Object.entries(words.tokens.ranks).map(([value, says]) => (
              <option key={value} value={value}>
                {says}
              </option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>{words.tokens.scopes}</legend>
          {Object.entries(words.tokens.scope_names).map(([scope, says]) => (
            <label key={scope} class="check">
              <input
                type="checkbox"
                checked={rank === 'auditor' ? scope === 'read' : scopes.includes(scope)}
                disabled={rank === 'auditor'}
                onChange={() => toggle(scope)}
              />
              {says}
            </label>
          ))}
        </fieldset>
        <label>
          {words.tokens.networks}
          <input value={networks} autocomplete="off" spellcheck={false} aria-describedby="token-networks-hint" onInput={(event) => set_networks(event.currentTarget.value)} />
          <small id="token-networks-hint">{words.tokens.networks_hint}</small>
        </label>
        <label>
          {words.tokens.expires}
          <select value={expires} onChange={(event) => set_expires(event.currentTarget.value)}>
            {Object.entries(words.tokens.spans).map(([value, says]) => (
              <option key={value} value={value}>
                {says}
              </option>
            ))}
          </select>
        </label>
        <Trouble problem={action.problem} />
        <div class="buttons">
          <button type="submit" class="primary" aria-busy={action.busy}>
            {words.tokens.create}
          </button>
        </div>
      </form>
    </Section>
  );
}

function ApiTokenRow({ token, may_change, on_revoked }: { token: Token; may_change: boolean; on_revoked: () => void }) {
  return (
    <TokenRow
      token={token}
      path="/tokens"
      will_revoke={words.tokens.will_revoke(token.name)}
      revoked={words.tokens.revoked(token.name)}
      badge={words.roles[token.rank]}
      may_change={may_change}
      on_revoked={on_revoked}
      facts={[
        [words.tokens.owner, token.admin],
        [words.tokens.from, token.networks.join(', ') || words.tokens.anywhere],
        [words.tokens.until, <When time={token.not_after} />],
        [
          words.tokens.used,
          token.last_used ? (
            <>
              <When time={token.last_used.at} /> <Said text={token.last_used.client} />
            </>
          ) : (
            words.tokens.never
          ),
        ],
      ]}
    >
      <p class="row-says">{token.scopes.map((scope) => words.tokens.scope_names[scope] ?? scope).join('; ')}</p>
      {!token.usable && <p class="trouble">{words.tokens.dead}</p>}
    </TokenRow>
  );
}
