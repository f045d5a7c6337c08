// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls to /api/v1. Whatever fails becomes one Problem, so that a page shows it beside what caused it.
import { words } from '../text';

// RFC 9457, or our own words when there was no answer at all (status 0).
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly code: string,
    readonly event: string,
  ) {
    super(detail ? `${title}: ${detail}` : title);
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

async function problem_from(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // An answer that is no problem document still has a status worth showing.
  }
  const event = text(body.event) || (response.headers.get('postern-event') ?? '');
  const title = text(body.title) || words.problem.status(response.status);
  return new Problem(response.status, title, text(body.detail), text(body.code), event);
}

let on_signed_out: () => void = () => {};

// What happens when an answer says that nobody is signed in (any more).
export function when_signed_out(action: () => void): void {
  on_signed_out = action;
}

// How many sign-ins there were on this page: a request from before the last one may be refused after it, which says nothing of
// who is signed in now.
let sign_ins = 0;

let ask_for_proof: () => Promise<boolean> = async () => false;

// What happens when an answer says that the reader must show again who they are: true once they have. Then the call that
// wanted it is made again, and whoever made it never knows.
export function when_unproved(ask: () => Promise<boolean>): void {
  ask_for_proof = ask;
}

// An answer that takes longer than this is treated as none: a change is cut into all processes within milliseconds.
const kAnswerTimeoutMs = 15_000;
const kProviderTimeoutMs = 45_000; // an identity provider may be asked three things, and is waited for
const kLineTimeoutMs = 60_000; // the console waits for Mission Control for 45 s, and says so itself

function timeout_of(path: string): number {
  if (path.startsWith('/link/')) return kLineTimeoutMs;
  return path.includes('/openid') ? kProviderTimeoutMs : kAnswerTimeoutMs;
}

// version: of what the change is about, as it was looked at; if it is another one by now, nothing is changed (412).
export async function call<T>(method: string, path: string, body?: unknown, version?: string): Promise<T> {
  try {
    return await call_once<T>(method, path, body, version);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'reauthenticate' || !(await ask_for_proof())) throw error;
  }
  return call_once<T>(method, path, body, version);
}

async function call_once<T>(method: string, path: string, body?: unknown, version?: string): Promise<T> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    signal: AbortSignal.timeout(timeout_of(path)),
    headers: { Accept: 'application/json' },
  };
  if (method !== 'GET') {
    init.headers = {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      ...(version === undefined ? {} : { 'If-Match': `"${version}"` }),
    };
    init.body = JSON.stringify(body ?? {});
  }
  const asked_as = sign_ins;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, init);
  } catch {
    throw new Problem(0, words.problem.unreachable, '', '', '');
  }
  const signing_in = path.startsWith('/sign-in') || path === '/invitation/accept';
  if (response.ok && signing_in && method !== 'GET') ++sign_ins;
  if (response.status === 401 && !signing_in && asked_as === sign_ins) on_signed_out();
  if (!response.ok) throw await problem_from(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new Problem(response.status, words.problem.unreadable, '', '', '');
  }
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const items = async <T>(path: string): Promise<T[]> => (await get<{ items?: T[] }>(path)).items ?? [];
export const segment = encodeURIComponent;
