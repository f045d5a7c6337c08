// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may sign in, and passes for them. A pass is shown once, held only in this page's memory, and gone when closed.
import { useId, useRef, useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Engineer, Pass } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body, Empty, Trouble } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { Link, url_of } from '../router';
import { said, useAction } from '../state/action';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

export function EngineersSection({ may_change }: Rights) {
  const part = useStore(parts.engineers);
  const [adding, set_adding] = useState(false);
  const add = may_change && !adding && (
    <button type="button" onClick={() => set_adding(true)}>
      {words.engineers.add}
    </button>
  );
  return (
    <Section id="engineers" title={words.engineers.title} count={part.value?.length} aside={add}>
      {adding && <Add on_done={() => set_adding(false)} />}
      <Body part={part} what={words.engineers.title} retry={refresh}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{words.engineers.empty}</Empty>
          ) : (
            <ul class="rows">
              {all.map((one) => (
                <Row key={one.name} engineer={one} may_change={may_change} />
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
  );
}

function Add({ on_done }: { on_done: () => void }) {
  const action = useAction();
  const id = useId();
  const [name, set_name] = useState('');
  const [email, set_email] = useState('');
  const submit = async () => {
    const body = { name: name.trim(), ...(email.trim() ? { email: email.trim() } : {}) };
    if (
      await action.run(async () => {
        await call('POST', '/engineers', body);
      })
    )
      on_done();
  };
  return (
    <Confirm says="" submit={words.engineers.add} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="fields">
        <div class="field">
          <label for={`${id}-name`}>{words.engineers.name}</label>
          <input
            id={`${id}-name`}
            required
            autocomplete="off"
            value={name}
            onInput={(event) => set_name(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-email`}>{words.engineers.email}</label>
          <input
            id={`${id}-email`}
            type="email"
            autocomplete="off"
            value={email}
            onInput={(event) => set_email(event.currentTarget.value)}
          />
        </div>
      </div>
    </Confirm>
  );
}

function Row({ engineer, may_change }: { engineer: Engineer } & Rights) {
  const [pass, set_pass] = useState<Pass | undefined>(undefined);
  const [removing, set_removing] = useState(false);
  const action = useAction();
  const path = `/engineers/${segment(engineer.name)}`;
  const approve = () =>
    void action.run(async () => {
      await call('POST', `${path}/approve`);
    });
  const issue = () =>
    void action.run(async () => {
      set_pass(await call<Pass>('POST', '/passes', { engineer: engineer.name }));
    });
  const remove = () =>
    void action.run(async () => {
      await call('DELETE', path);
    });
  const approved = engineer.state === 'approved';
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={engineer.name} />
            {!approved && <span class="badge badge-ask">{words.engineers.added}</span>}
          </p>
          <p class="row-says">
            <Link href={url_of('/sessions/past', { engineer: engineer.name })}>{words.engineers.sessions}</Link>
          </p>
          {engineer.email && (
            <p class="row-says">
              <Said text={engineer.email} />
            </p>
          )}
        </div>
        {may_change && (
          <div class="buttons">
            {approved ? (
              <button
                type="button"
                disabled={action.busy}
                aria-label={plain(words.engineers.issue_label(engineer.name))}
                onClick={issue}
              >
                {words.engineers.issue}
              </button>
            ) : (
              <button type="button" class="primary" disabled={action.busy} onClick={approve}>
                {words.engineers.approve}
              </button>
            )}
            <button type="button" class="ghost" disabled={removing} onClick={() => set_removing(true)}>
              {words.engineers.remove}
            </button>
          </div>
        )}
      </div>
      {pass && <PassShown pass={pass} on_close={() => set_pass(undefined)} />}
      {removing ? (
        <Confirm
          says={words.engineers.remove_will(engineer.name)}
          submit={words.engineers.remove_submit}
          action={action}
          danger
          on_submit={remove}
          on_cancel={() => {
            action.clear();
            set_removing(false);
          }}
        />
      ) : (
        <Trouble problem={action.problem} />
      )}
    </li>
  );
}

function PassShown({ pass, on_close }: { pass: Pass; on_close: () => void }) {
  const [copied, set_copied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(pass.link);
      set_copied(true);
      said.set(words.engineers.copied);
    } catch {
      field.current?.select();
      said.set(words.engineers.copy_failed);
    }
  };
  const title = words.engineers.pass_title(pass.engineer);
  return (
    <div class="confirm pass" role="group" aria-label={plain(title)}>
      <p class="confirm-says">
        <strong>
          <Said text={title} />
        </strong>{' '}
        {words.engineers.pass_once}
      </p>
      <div class="copy">
        <input
          ref={field}
          readOnly
          aria-label={plain(title)}
          value={pass.link}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="primary" onClick={() => void copy()}>
          {copied ? words.engineers.copied : words.engineers.copy}
        </button>
      </div>
      <p class="quiet">
        {words.engineers.pass_expires} <When time={pass.expires} />{' '}
        <button type="button" class="link" onClick={on_close}>
          {words.close}
        </button>
      </p>
    </div>
  );
}
