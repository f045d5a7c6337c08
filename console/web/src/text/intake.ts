// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
export const intake = {
  list: 'Intake tokens',
  says: 'With which nodes of the component send events. They open nothing else.',
  none: 'No node has a token.',
  create: 'New intake token',
  name: 'Whose it is',
  service: 'Of the service',
  service_hint: 'Empty: each event says it.',
  any_service: 'any service',
  until: 'Valid until',
  no_end: 'it does not end',
  will_revoke: (name: string) => `Nothing that ${name} sends is taken from now on. This cannot be undone.`,
  revoked: (name: string) => `The intake token ${name} is revoked.`,
  gateways: 'Remote gateways',
  no_gateways: 'No remote gateway registered.',
  registered: 'Registered',
  lost: 'Lost since',
  heard: 'Heard from',
  is_lost: 'Lost',
};
