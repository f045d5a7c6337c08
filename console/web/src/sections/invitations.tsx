// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useId, useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { AdminRole, Invitation, Invited } from '../api/types';
import { Confirm } from '../components/confirm';
import { Field } from '../components/field';
import { Body, Empty, Trouble } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { ShownOnce } from '../components/shown_once';
import { When } from '../components/when';
import { useAction } from '../state/action';
import { accounts, face, fetch_accounts } from '../state/accounts';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

const w = words.admins.invitations;

export function InvitationsSection({ may_change }: Rights) {
  const part = useStore(accounts.invitations);
  const [inviting, set_inviting] = useState(false);
  const [made, set_made] = useState<Invited | undefined>(undefined);
  const invite = may_change && !inviting && (
    <button type="button" onClick={() => set_inviting(true)}>
      {w.invite}
    </button>
  );
  return (
    <Section id="invitations" title={w.title} count={part.value?.length} aside={invite}>
      {inviting && <Invite on_made={set_made} on_done={() => set_inviting(false)} />}
      {made && (
        <ShownOnce title={w.link_title(made.name)} says={w.link_once} value={made.link} on_close={() => set_made(undefined)}>
          {w.expires} <When time={made.expires} />
        </ShownOnce>
      )}
      <Body part={part} what={w.title} retry={() => void fetch_accounts()}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{w.empty}</Empty>
          ) : (
            <ul class="rows">
              {all.map((one) => (
                <Row key={one.id} invitation={one} may_change={may_change} />
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
  );
}

function Invite({ on_made, on_done }: { on_made: (made: Invited) => void; on_done: () => void }) {
  const action = useAction();
  const id = useId();
  const [name, set_name] = useState('');
  const [role, set_role] = useState<AdminRole>(face.roles[0] ?? 'auditor');
  const submit = async () => {
    const invited = await action.run(async () => {
      on_made(await call<Invited>('POST', '/invitations', { name: name.trim(), role }));
      await fetch_accounts();
    });
    if (invited) on_done();
  };
  return (
    <Confirm says="" submit={w.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="fields">
        <Field label={w.name} value={name} on_value={set_name} />
        <div class="field">
          <label for={id}>{w.role}</label>
          <select id={id} value={role} onChange={(event) => set_role(event.currentTarget.value as AdminRole)}>
            {[...face.roles].reverse().map((one) => (
              <option key={one} value={one}>
                {w.roles[one]}
              </option>
            ))}
          </select>
        </div>
      </div>
    </Confirm>
  );
}

function Row({ invitation, may_change }: { invitation: Invitation } & Rights) {
  const action = useAction();
  const revoke = () =>
    void action.run(async () => {
      await call('DELETE', `/invitations/${segment(invitation.id)}`);
      await fetch_accounts();
      return w.revoked(invitation.name);
    });
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={invitation.name} /> <span class="row-asks">{w.as(invitation.role)}</span>
          </p>
          <p class="row-says">
            <Said text={w.by(invitation.by.replace(/^\w+:/, ''))} /> · {w.expires} <When time={invitation.expires} />
          </p>
        </div>
        {may_change && (
          <div class="buttons">
            <button
              type="button"
              class="ghost"
              disabled={action.busy}
              aria-label={plain(w.revoke_label(invitation.name))}
              onClick={revoke}
            >
              {w.revoke}
            </button>
          </div>
        )}
      </div>
      <Trouble problem={action.problem} />
    </li>
  );
}
