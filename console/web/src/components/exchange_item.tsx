// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One exchange: what was asked, what came of it, and behind it why.
import { segment } from '../api/client';
import type { Change, Exchange } from '../api/types';
import { Link, url_of } from '../router';
import { words } from '../text';
import { ChangeView } from './change_view';
import { Facts, type Fact } from './facts';
import { Said } from './said';
import { When } from './when';

const kShort = 160;
const short = (text: string): string => (text.length > kShort ? `${text.slice(0, kShort)}…` : text);

const good = (one: Exchange): boolean => one.outcome === 'completed' && (one.status ?? 0) < 400;

export const mark_of = (one: Exchange): 'refused' | 'failed' | 'open' | 'write' | 'good' =>
  one.outcome === 'refused'
    ? 'refused'
    : one.outcome === 'open'
      ? 'open'
      : !good(one)
        ? 'failed'
        : one.class === 'write'
          ? 'write'
          : 'good';

function decision_of(one: Exchange): Fact[] {
  if (one.outcome === 'refused')
    return [
      [words.exchange.refused, [one.code, one.why].filter(Boolean).join(': ')],
      [words.exchange.nearest, one.nearest],
    ];
  const allowed = one.capability && (
    <>
      <Link href={url_of('/permissions', { q: one.capability })}>
        <Said text={one.capability} />
      </Link>{' '}
      {one.operation && (
        <>
          {words.exchange.as}{' '}
          <code>
            <Said text={one.operation} />
          </code>
        </>
      )}
    </>
  );
  return [
    [words.exchange.allowed, allowed],
    [words.exchange.cut, one.cut_reason && words.exchange.cut_is(one.cut_reason, one.cut_us, one.bytes_after_cut)],
  ];
}

function facts_of(one: Exchange): Fact[] {
  const took = one.duration_us === undefined ? '' : words.exchange.duration(one.duration_us);
  const first = one.component_us === undefined ? '' : words.exchange.component(one.component_us);
  const sizes = [
    one.request_bytes && words.exchange.sent(one.request_bytes),
    one.response_bytes !== undefined && words.exchange.received(one.response_bytes),
  ];
  const target = one.target ?? '';
  return [
    [words.exchange.target, target.length > kShort && target],
    [words.exchange.cut_target, one.target_bytes && words.exchange.target_is(target.length, one.target_bytes, one.target_sha256 ?? '')],
    ...decision_of(one),
    [words.exchange.took, [took, first].filter(Boolean).join(', ')],
    [words.exchange.sizes, sizes.filter(Boolean).join(', ')],
    [
      words.exchange.websocket,
      one.messages_in !== undefined && words.exchange.messages(one.messages_in, one.messages_out ?? 0),
    ],
    [
      words.exchange.closed,
      [one.closed_by && words.exchange.closers[one.closed_by], words.exchange.close_codes(one.client_close, one.component_close)]
        .filter(Boolean)
        .join(', '),
    ],
    [
      words.exchange.node,
      one.node && [one.node, one.credential && words.exchange.credential(one.credential)].filter(Boolean).join(', '),
    ],
    [words.exchange.redactions, one.redacted ? (one.redactions ?? [words.exchange.redacted(one.redacted)]).join('; ') : ''],
    [words.exchange.client, one.client],
    [
      words.exchange.part_of,
      one.part_of && (
        <Link href={`/events/${segment(one.part_of)}`}>
          <Said text={one.part_of} />
        </Link>
      ),
    ],
    [
      words.exchange.for_hold,
      one.hold && (
        <Link href={url_of('/events', { type: 'hold', text: one.hold })}>{words.exchange.hold}</Link>
      ),
    ],
    [
      words.exchange.event,
      <Link key="e" href={`/events/${segment(one.event)}`}>
        <Said text={one.event} />
      </Link>,
    ],
  ];
}

export function ExchangeItem({ exchange: one, change }: { exchange: Exchange; change?: Change | undefined }) {
  const mark = mark_of(one);
  return (
    <li class={`exchange exchange-${mark}`}>
      <details>
        <summary>
          <When time={one.time} seconds />
          <span class="exchange-what">
            <b>
              <Said text={one.method ?? ''} />
            </b>{' '}
            <code>
              <Said text={short(one.target ?? '')} />
            </code>{' '}
            {one.websocket && <span class="badge">{words.exchange.websocket}</span>}
            {(one.part_of || one.hold) && <span class="badge">{words.exchange.for_record}</span>}
            {one.class === 'write' && <span class="badge badge-write">{words.capabilities.classes.write}</span>}
            {change && <span class="badge badge-on">{words.change.title}</span>}
            {!!one.redacted && <span class="badge">{words.exchange.redacted(one.redacted)}</span>}
          </span>
          <span class="exchange-outcome">
            {one.outcome === 'completed' ? (
              (one.status ?? '')
            ) : (
              <>
                {words.exchange.outcomes[one.outcome] ?? <Said text={one.outcome} />}
                {one.code && (
                  <small>
                    {' '}
                    <Said text={one.code} />
                  </small>
                )}
              </>
            )}
          </span>
          <span class="exchange-took number">
            {one.duration_us === undefined ? '' : words.exchange.duration(one.duration_us)}
          </span>
        </summary>
        <div class="exchange-more">
          <Facts facts={facts_of(one)} />
          {change && <ChangeView change={change} />}
        </div>
      </details>
    </li>
  );
}
