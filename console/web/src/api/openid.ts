// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Signing in by the identity provider: the browser is sent there, and comes back to a page of ours with what the provider said,
// which is brought to the gateway as everything else is. Another tab may prove for this one.
import { call, get } from './client';
import type { Me } from './types';

interface Sent {
  location: string;
}

export const provider_is_there = async (): Promise<boolean> => (await get<{ openid: boolean }>('/sign-in')).openid;

// kept: where to go on afterwards.
export async function sign_in_at_provider(kept: string): Promise<void> {
  window.location.assign((await call<Sent>('POST', '/sign-in/openid/begin', { return: kept })).location);
}

export async function prove_at_provider(): Promise<void> {
  window.location.replace((await call<Sent>('POST', '/account/proof/openid')).location);
}

// False: it has nowhere to sign out.
export async function sign_out_at_provider(): Promise<boolean> {
  const { location } = await call<Sent>('POST', '/sign-out/openid');
  if (location) window.location.assign(location);
  return location !== '';
}

// What the provider sent us back with; nothing if it was a proof and not a sign-in.
export async function come_back(query: URLSearchParams): Promise<(Me & { return?: string }) | undefined> {
  const body: Record<string, string> = {};
  for (const name of ['code', 'state', 'iss', 'error', 'error_description']) {
    const values = query.getAll(name);
    if (values.length === 1 && values[0] !== undefined) body[name] = values[0];
  }
  return call('POST', '/sign-in/openid', body);
}

const kTabs = 'postern-proof';

export function tell_other_tabs(): void {
  const tabs = new BroadcastChannel(kTabs);
  tabs.postMessage('proved');
  tabs.close();
}

// The answer ends it.
export function when_proved_elsewhere(then: () => void): () => void {
  const tabs = new BroadcastChannel(kTabs);
  tabs.onmessage = () => then();
  return () => tabs.close();
}
