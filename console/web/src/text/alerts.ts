// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { count } from './count';

export const alerts = {
  section: 'Who is told',
  empty: 'The configuration names nobody who is told by webhook or mail.',
  kinds: { webhook: 'webhook', email: 'mail' } as Record<string, string>,
  states: { new: 'nothing sent yet', delivering: 'arrives', failing: 'does not arrive' } as Record<string, string>,
  told_of: (events: string[], severity: string | undefined) =>
    [events.join(', '), severity && `whatever is ${severity}${severity === 'severe' ? '' : ' or worse'}`].filter(Boolean).join('; '),
  delivered: 'Last arrived',
  never: 'None has arrived yet',
  failed: 'last failed',
  waiting: (n: number) => count(n, 'notification waits', 'notifications wait'),
  test: 'Send a test',
  sent: (name: string) => `A test was sent to ${name}. Whether it arrives, you see here in a moment.`,
  browser: 'In this browser, when a request or a held call arrives',
  sound: 'Play a sound',
  title: 'Mark the title of the tab',
  mark: '●',
};
