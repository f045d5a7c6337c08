// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Updates: what runs at the moment, what the vendor announced, what is decided about it, and where it comes from.
import { PageHead } from '../components/page';
import type { PageProps } from '../routes';
import { UpdateProgressSection } from '../sections/update_progress';
import { UpdateSourcesSection } from '../sections/update_sources';
import { AnnouncedSection } from '../sections/updates_announced';
import { words } from '../text';

export function UpdatesPage({ may_change }: PageProps) {
  return (
    <>
      <PageHead title={words.updates.title} says={words.updates.says} />
      <div class="column">
        <UpdateProgressSection may_change={may_change} />
        <AnnouncedSection may_change={may_change} />
        <UpdateSourcesSection may_change={may_change} />
      </div>
    </>
  );
}
