// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of one installation: the list of what was asked of its customer, access or changes of settings, and where each stands there.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, items, segment } from '../../api/client';
import { Body, Empty, Trouble } from '../../components/notice';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { When } from '../../components/when';
import { useAction } from '../../state/action';
import { useLoaded } from '../../state/loaded';
import { useStore } from '../../state/store';
import { news } from '../live';

export interface Of {
  installation: string;
  may_operate: boolean;
}

// What every kind has in common.
export interface Ask {
  id: string;
  by: string;
  reason: string;
  ticket?: string;
  created: string;
  withdrawn: boolean;
  note?: string;
}

interface AsksProps<A extends Ask> extends Of {
  id: string;
  path: string; // of the API: "requests"
  text: { title: string; empty: string; begin: string };
  is_open: (one: A) => boolean;
  form: (on_done: () => void) => ComponentChildren;
  row: (one: A, on_changed: () => void) => ComponentChildren;
}

export function AsksSection<A extends Ask>({ installation, may_operate, id, path, text, is_open, form, row }: AsksProps<A>) {
  const { part, reload } = useLoaded(`${path} ${installation}`, () => items<A>(`/${path}?installation=${segment(installation)}`));
  const changed = useStore(news);
  useEffect(reload, [changed]);
  const [asking, set_asking] = useState(false);
  const begin = may_operate && !asking && (
    <button type="button" onClick={() => set_asking(true)}>
      {text.begin}
    </button>
  );
  return (
    <Section id={id} title={text.title} count={part.value?.filter(is_open).length} aside={begin}>
      {asking && form(() => (set_asking(false), reload()))}
      <Body part={part} what={text.title} retry={reload}>
        {(all) => (all.length === 0 ? <Empty>{text.empty}</Empty> : <ul class="rows">{all.map((one) => row(one, reload))}</ul>)}
      </Body>
    </Section>
  );
}

interface AskRowProps {
  one: Ask;
  path: string;
  title: ComponentChildren;
  state: string; // in words
  on: boolean; // it has what it was asked for
  besides?: string | undefined; // behind the reason
  until?: { label: string; time: string } | undefined;
  is_open: boolean;
  withdraw?: string | undefined; // the label; nothing: it cannot be withdrawn
  text: { by: (who: string) => string; withdraw: string; withdrawn_here: string; withdrawing: string };
  on_changed: () => void;
}

export function AskRow({ one, path, title, state, on, besides, until, is_open, withdraw, text, on_changed }: AskRowProps) {
  const action = useAction();
  const take_back = () =>
    void action
      .run(async () => {
        await call('DELETE', `/${path}/${segment(one.id)}`);
        return text.withdrawn_here;
      })
      .then((done) => done && on_changed());
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            {title}
            <span class={`badge ${on ? 'badge-on' : ''}`}>{state}</span>
          </p>
          <p class="row-says">
            <Said text={`“${one.reason}”`} />
            {[one.ticket, besides].filter(Boolean).map((each, at) => (
              <span key={at}>
                {' · '}
                <Said text={each ?? ''} />
              </span>
            ))}
          </p>
          <p class="row-says quiet">
            <Said text={text.by(one.by)} />, <When time={one.created} />
            {until && (
              <>
                {' · '}
                {until.label} <When time={until.time} />
              </>
            )}
            {one.note && (
              <>
                {' · '}
                <Said text={one.note} />
              </>
            )}
            {one.withdrawn && is_open && <> · {text.withdrawing}</>}
          </p>
        </div>
        {withdraw !== undefined && (
          <div class="buttons">
            <button type="button" class="ghost" disabled={action.busy} aria-label={withdraw} onClick={take_back}>
              {text.withdraw}
            </button>
          </div>
        )}
      </div>
      <Trouble problem={action.problem} />
    </li>
  );
}
