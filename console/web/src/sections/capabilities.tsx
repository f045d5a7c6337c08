// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The capabilities, in the policy's order and groups; where it names none, what stands before the first dot of a name is one.
import { useState } from 'preact/hooks';
import { get } from '../api/client';
import type { Capability, CapabilityUse } from '../api/types';
import { Body, Empty } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { usePlace } from '../router';
import { parts, refresh } from '../state/live';
import { useEvery, useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import { CapabilityRow } from './capability_row';
import type { Rights } from './rights';
import { Several } from './several';

interface Uses {
  items: CapabilityUse[];
  since?: string;
}
const kUsesEveryMs = 30_000;

export function CapabilitiesSection({ may_change }: Rights) {
  const part = useStore(parts.capabilities);
  return (
    <Section id="capabilities" title={words.capabilities.title} count={part.value?.length}>
      <Body part={part} what={words.capabilities.title} retry={refresh}>
        {(all) => <Groups all={all} may_change={may_change} />}
      </Body>
    </Section>
  );
}

const matches = (one: Capability, filter: string): boolean =>
  [one.name, one.title, one.description ?? '', ...one.operations].some((text) => text.toLowerCase().includes(filter));

const group_of = (one: Capability): string => one.group || (one.name.includes('.') ? (one.name.split('.')[0] ?? '') : '');

function grouped(all: Capability[]): [string, Capability[]][] {
  const groups = new Map<string, Capability[]>();
  for (const one of all) groups.set(group_of(one), [...(groups.get(group_of(one)) ?? []), one]);
  return [...groups];
}

function useFound(all: Capability[]): Capability[] {
  const { query } = usePlace();
  const [text, setting, klass] = [query.get('q')?.toLowerCase() ?? '', query.get('setting'), query.get('class')];
  return all.filter(
    (one) => matches(one, text) && (!setting || one.setting === setting) && (!klass || one.class === klass),
  );
}

function Groups({ all, may_change }: { all: Capability[] } & Rights) {
  const found = useFound(all);
  const uses = useLoaded('capability-use', () => get<Uses>('/capability-use'));
  useEvery(kUsesEveryMs, uses.reload);
  const [names, set_names] = useState<string[]>([]);
  const chosen = found.filter((one) => names.includes(one.name));
  const choose = (which: string[], on: boolean) =>
    set_names((old) => [...old.filter((name) => !which.includes(name)), ...(on ? which : [])]);
  if (all.length === 0) return <Empty>{words.capabilities.empty}</Empty>;
  if (found.length === 0) return <Empty>{words.capabilities.nothing_found}</Empty>;
  return (
    <>
      {chosen.length > 0 && <Several chosen={chosen} on_clear={() => set_names([])} />}
      {grouped(found).map(([name, members]) => (
        <div class="group" key={name}>
          <GroupHead name={name} members={members} chosen={names} on_choose={choose} may_change={may_change} />
          <ul class="rows">
            {members.map((one) => (
              <CapabilityRow
                key={one.name}
                capability={one}
                use={uses.part.value?.items.find((use) => use.capability === one.name)}
                known_since={uses.part.value?.since}
                chosen={names.includes(one.name)}
                on_choose={(on) => choose([one.name], on)}
                may_change={may_change}
              />
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

interface GroupHeadProps extends Rights {
  name: string;
  members: Capability[];
  chosen: string[];
  on_choose: (which: string[], on: boolean) => void;
}

function GroupHead({ name, members, chosen, on_choose, may_change }: GroupHeadProps) {
  const title = name || words.capabilities.other_group;
  const count = (setting: Capability['setting']) => members.filter((one) => one.setting === setting).length;
  const all = members.map((one) => one.name);
  return (
    <h3 class="group-head">
      <span>
        {may_change && (
          <input
            type="checkbox"
            class="choose"
            aria-label={plain(words.permissions.select_group(title))}
            checked={all.every((one) => chosen.includes(one))}
            onChange={(event) => on_choose(all, event.currentTarget.checked)}
          />
        )}
        <Said text={title} />
      </span>
      <span class="quiet">{words.capabilities.summary(count('on'), count('ask'), count('off'))}</span>
    </h3>
  );
}
