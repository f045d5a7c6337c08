// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whom a change would cut off now, said before it is done. The gateway judges by itself; this is its rule (docs/DESIGN.md,
// permissions) applied to what the page knows: what each session may use, and what was granted to whom.
import type { AccessMode, Capability, Grant, Session, Setting } from '../api/types';
import { words } from '../text';

const granted = (grants: Grant[], engineer: string, capability: string): boolean =>
  grants.some((one) => one.engineer === engineer && one.capabilities.includes(capability));

export function cut_by_setting(names: string[], to: Setting, sessions: Session[], grants: Grant[]): string[] {
  const loses = (one: Session) =>
    names.some(
      (name) =>
        one.capabilities?.includes(name) && to !== 'on' && !(to === 'ask' && granted(grants, one.engineer, name)),
    );
  return [...new Set(sessions.filter(loses).map((one) => one.engineer))];
}

interface Known {
  sessions: Session[];
  capabilities: Capability[];
  grants: Grant[];
}

export function cut_by_mode(to: AccessMode, { sessions, capabilities, grants }: Known): string[] {
  if (to === 'off') return sessions.map((one) => one.engineer);
  const kept = (engineer: string, name: string): boolean => {
    if (to === 'approved') return granted(grants, engineer, name);
    return to === 'all' || capabilities.find((one) => one.name === name)?.class === 'read';
  };
  return sessions.flatMap((one) => {
    const lost = (one.capabilities ?? []).filter((name) => !kept(one.engineer, name)).length;
    return lost > 0 ? [words.permissions.loses(one.engineer, lost)] : [];
  });
}
