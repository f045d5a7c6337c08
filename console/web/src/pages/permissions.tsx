// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What engineers may do, each in plain words, with who used it last and whom a change would cut off.
import { ChoiceFilter, FilterBar, TextFilter } from '../components/filters';
import { PageHead } from '../components/page';
import { Link } from '../router';
import type { PageProps } from '../routes';
import { CapabilitiesSection } from '../sections/capabilities';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';

export function PermissionsPage({ may_change }: PageProps) {
  const closed = useStore(parts.access).value?.mode === 'off';
  return (
    <>
      <PageHead title={words.nav.permissions} says={words.permissions.says}>
        <Link href="/policy">{words.policy.title}</Link>
      </PageHead>
      {closed && <p class="note">{words.permissions.closed}</p>}
      <FilterBar>
        <TextFilter name="q" label={words.permissions.search} wide />
        <ChoiceFilter
          name="setting"
          label={words.permissions.setting}
          none={words.permissions.any_setting}
          choices={words.capabilities.settings}
        />
        <ChoiceFilter
          name="class"
          label={words.permissions.class}
          none={words.permissions.any_class}
          choices={words.capabilities.classes}
        />
      </FilterBar>
      <CapabilitiesSection may_change={may_change} />
    </>
  );
}
