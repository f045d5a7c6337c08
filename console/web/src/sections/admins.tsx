// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may use this console. What changes one of them says first what it will do.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Admin, AdminProvider, AdminRole } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { ShownOnce } from '../components/shown_once';
import { Ago } from '../components/when';
import { Link } from '../router';
import { useAction } from '../state/action';
import { accounts, face, fetch_accounts, highest, me } from '../state/accounts';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

const w = words.admins;

export function AdminsSection({ may_change, provider }: Rights & { provider?: AdminProvider | undefined }) {
  const part = useStore(accounts.admins);
  return (
    <Section id="admins" title={w.accounts} count={part.value?.length}>
      {provider && (
        <div class="inset">
          <p class="quiet">
            <Said text={w.provider_says(provider.issuer, provider.local_accounts)} />
          </p>
        </div>
      )}
      <Body part={part} what={w.title} retry={() => void fetch_accounts()}>
        {(all) => (
          <ul class="rows">
            {all.map((one) => (
              <Row key={one.name} admin={one} may_change={may_change} />
            ))}
          </ul>
        )}
      </Body>
    </Section>
  );
}

type Wish = AdminRole | 'password' | 'factor' | 'sign_out' | 'lock' | 'remove';
const is_role = (wish: Wish): wish is AdminRole => face.roles.includes(wish as AdminRole);

// The groups of a provider's account are its ceiling, and its password is kept there.
const wishes = (admin: Admin): [Wish, string][] => [
  ...(admin.openid?.most === face.roles[0] ? [] : face.roles.filter((one) => one !== admin.role).map((one): [Wish, string] => [one, w.make[one]])),
  ...(admin.openid ? [] : ([['password', w.reset_password]] as [Wish, string][])),
  ...(admin.totp || admin.passkeys > 0 ? ([['factor', w.reset_factor]] as [Wish, string][]) : []),
  ...(admin.sign_ins > 0 ? ([['sign_out', w.sign_out]] as [Wish, string][]) : []),
  ['lock', admin.locked ? w.unlock : w.lock],
  ['remove', w.remove],
];

function factors(admin: Admin): string {
  if (admin.openid) return w.by_provider;
  const has = [admin.passkeys > 0 && w.passkeys(admin.passkeys), admin.totp && w.app].filter(Boolean);
  return has.length > 0 ? has.join(', ') : w.password_only;
}

function Row({ admin, may_change }: { admin: Admin } & Rights) {
  const who = useStore(me);
  const own = who?.name === admin.name;
  const [open, set_open] = useState(false);
  const [password, set_password] = useState('');
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={admin.name} />
            <span class={`badge ${highest(admin.role) ? 'badge-write' : ''}`}>{words.roles[admin.role]}</span>
            {own && <span class="badge badge-on">{w.you}</span>}
            {admin.locked && <span class="badge badge-write">{w.locked}</span>}
          </p>
          <p class="row-says">
            {factors(admin)} · {w.signed_in(admin.sign_ins)}
            {admin.seen && (
              <>
                {' '}
                · {w.seen} <Ago time={admin.seen} />
              </>
            )}
          </p>
          {admin.openid && (
            <p class="row-says">
              <Said text={w.provider(admin.openid.issuer, admin.openid.subject)} />
            </p>
          )}
        </div>
        {own ? (
          <div class="buttons">
            <Link class="button" href="/account">
              {w.own}
            </Link>
          </div>
        ) : (
          may_change && (
            <div class="buttons">
              <button
                type="button"
                aria-expanded={open}
                aria-label={plain(w.more_label(admin.name))}
                onClick={() => set_open(!open)}
              >
                {w.more}
              </button>
            </div>
          )
        )}
      </div>
      {open && <Change admin={admin} on_password={set_password} on_done={() => set_open(false)} />}
      {password && (
        <ShownOnce
          title={w.password_title(admin.name)}
          says={w.password_once}
          value={password}
          on_close={() => set_password('')}
        />
      )}
    </li>
  );
}

interface ChangeProps {
  admin: Admin;
  on_password: (password: string) => void;
  on_done: () => void;
}

function Change({ admin, on_password, on_done }: ChangeProps) {
  const [wish, set_wish] = useState<Wish | undefined>(undefined);
  const action = useAction();
  const path = `${face.people}/${segment(admin.name)}`;
  const says: Record<Exclude<Wish, AdminRole>, string> = {
    password: w.reset_password_will(admin.name),
    factor: w.reset_factor_will(admin.name),
    sign_out: w.sign_out_will(admin.name),
    lock: admin.locked ? w.unlock_will(admin.name) : w.lock_will(admin.name),
    remove: admin.openid ? w.remove_provider_will(admin.name) : w.remove_will(admin.name),
  };
  const acts: Record<Exclude<Wish, AdminRole>, () => Promise<unknown>> = {
    password: async () => on_password((await call<{ password: string }>('POST', `${path}/password`)).password),
    factor: () => call('DELETE', `${path}/second-factor`),
    sign_out: () => call('DELETE', `${path}/sign-ins`),
    lock: () => call('PUT', `${path}/lock`, { locked: !admin.locked }),
    remove: () => call('DELETE', path),
  };
  const submit = async (chosen: Wish) => {
    const done = await action.run(async () => {
      await (is_role(chosen) ? call('PUT', `${path}/role`, { role: chosen }) : acts[chosen]());
      await fetch_accounts();
      return w.done(admin.name);
    });
    if (done) on_done();
  };
  if (wish) {
    return (
      <Confirm
        says={is_role(wish) ? w.role_will(admin.name, wish) : says[wish]}
        submit={wishes(admin).find(([name]) => name === wish)?.[1] ?? ''}
        action={action}
        danger={wish === 'lock' ? !admin.locked : !is_role(wish) || wish === face.roles[0]}
        on_submit={() => void submit(wish)}
        on_cancel={() => {
          action.clear();
          set_wish(undefined);
        }}
      />
    );
  }
  return (
    <div class="buttons" role="group" aria-label={plain(w.more_label(admin.name))}>
      {wishes(admin).map(([name, label]) => (
        <button key={name} type="button" class={name === 'remove' ? 'ghost' : ''} onClick={() => set_wish(name)}>
          {label}
        </button>
      ))}
    </div>
  );
}
