// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Everything at a glance: what is open, who is in, who is waiting, what happened.
import { useEffect } from 'preact/hooks';
import { CapabilitiesSection } from '../sections/capabilities';
import { EngineersSection } from '../sections/engineers';
import { EventsSection } from '../sections/events';
import { GrantsSection } from '../sections/grants';
import { HoldsSection } from '../sections/holds';
import { RemoteAccessSection } from '../sections/remote_access';
import { RequestsSection } from '../sections/requests';
import type { Rights } from '../sections/rights';
import { SessionsSection } from '../sections/sessions';
import { StatusStrip } from '../sections/status_strip';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';

export function OverviewPage({ may_change }: Rights) {
  const requests = useStore(parts.requests).value?.length ?? 0;
  const pending = requests + (useStore(parts.holds).value?.length ?? 0);
  useEffect(() => {
    document.title = words.page_title(pending);
  }, [pending]);
  return (
    <>
      <StatusStrip />
      <div class="columns">
        <div class="column">
          <RemoteAccessSection may_change={may_change} />
          <HoldsSection may_change={may_change} />
          <RequestsSection may_change={may_change} />
          <GrantsSection may_change={may_change} />
          <SessionsSection may_change={may_change} />
          <CapabilitiesSection may_change={may_change} />
        </div>
        <div class="column aside">
          <EventsSection />
          <EngineersSection may_change={may_change} />
        </div>
      </div>
    </>
  );
}
