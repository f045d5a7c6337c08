// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Comfort for the engineers' pages, which work without it: takes a pass from the location's fragment (where no log and no
// Referer ever sees it), counts the session down, asks for access without leaving the page, and watches for the answer.
import './visit.css';

const kPollMs = 5000; // while the page is looked at
const kRequestPollMs = 2000; // while a request waits: a question is seen at once
const kLatestStartMs = 90 * 24 * 3600_000;
const kSoonMs = 5 * 60_000; // time left is shown as a warning

function take_pass(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-sign-in]');
  const pass = new URLSearchParams(window.location.hash.slice(1)).get('pass');
  if (!form || !pass) return;
  const field = form.elements.namedItem('pass');
  if (!(field instanceof HTMLInputElement)) return;
  // Out of the address bar and the history before anything else happens.
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
  field.value = pass;
  form.requestSubmit();
}

function say_left(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return h > 0 ? `${h}:${rest}` : rest;
}

// The server says how much is left, so that a wrong clock here does not matter.
function count_down(): void {
  const shown = [...document.querySelectorAll<HTMLElement>('[data-left]')].map((element) => ({
    element,
    end: performance.now() + Number(element.dataset.left) * 1000,
  }));
  if (shown.length === 0) return;
  const tick = () => {
    for (const { element, end } of shown) {
      const left = end - performance.now();
      element.textContent = say_left(left);
      element.classList.toggle('soon', left < kSoonMs);
    }
    // The page that now answers says why; a moment later, so that the end has certainly come.
    if (shown.some(({ end }) => end + 1500 < performance.now())) {
      window.clearInterval(timer);
      window.location.reload();
    }
  };
  const timer = window.setInterval(tick, 1000);
  tick();
}

function local_times(within: ParentNode = document): void {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  for (const element of within.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title = element.textContent ?? '';
    element.textContent = format.format(date);
  }
}

function show(form: HTMLFormElement, message: string): void {
  let place = form.querySelector<HTMLElement>('[role="alert"]');
  if (!place) {
    place = document.createElement('p');
    place.className = 'trouble';
    place.setAttribute('role', 'alert');
    form.prepend(place);
  }
  place.textContent = message;
}

function body_of(form: HTMLFormElement): Record<string, unknown> {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? '').trim();
  if (form.dataset.answer !== undefined) return { text: text('text') };
  const role = text('role');
  const body: Record<string, unknown> = role ? { role } : { capabilities: data.getAll('capabilities') };
  if (text('extends')) delete body.capabilities;
  for (const name of ['reason', 'template', 'ticket', 'duration', 'extends']) if (text(name)) body[name] = text(name);
  // The reader's zone, as the label says once there is script.
  if (text('start')) body.start = new Date(text('start')).toISOString();
  return body;
}

// What is wrong with what was filled in, before the gateway says so; its word is the last.
function trouble_of(form: HTMLFormElement): string {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? '').trim();
  if (form.dataset.answer !== undefined) return '';
  if (!text('extends') && !text('role') && data.getAll('capabilities').length === 0) return form.dataset.nothing ?? '';
  const ticket = form.elements.namedItem('ticket');
  if (ticket instanceof HTMLInputElement && ticket.dataset.pattern && text('ticket')) {
    if (!fits(ticket.dataset.pattern, text('ticket'))) return ticket.dataset.wrong ?? '';
  }
  const start = form.elements.namedItem('start');
  if (start instanceof HTMLInputElement && text('start')) {
    const ahead = new Date(text('start')).getTime() - Date.now();
    if (ahead < -5 * 60_000) return start.dataset.over ?? '';
    if (ahead > kLatestStartMs) return start.dataset.far ?? '';
  }
  return '';
}

// The pattern is written for the gateway; one that means nothing here is left to it.
function fits(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(value);
  } catch {
    return true;
  }
}

async function send(form: HTMLFormElement): Promise<void> {
  const response = await fetch(form.action, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(body_of(form)),
  });
  const answer = (await response.json().catch(() => ({}))) as { title?: string; detail?: string };
  if (response.ok) {
    // Without the fragment: it would tick the box and take the focus once more, as if nothing had been asked yet.
    window.history.replaceState(null, '', window.location.pathname + window.location.search);
    return window.location.reload();
  }
  show(form, [answer.title ?? `The gateway answered ${response.status}.`, answer.detail].filter(Boolean).join(': '));
}

function ask_in_place(within: ParentNode = document): void {
  for (const form of within.querySelectorAll<HTMLFormElement>('form[data-ask], form[data-answer]')) send_in_place(form);
  for (const zone of within.querySelectorAll<HTMLElement>('[data-zone]')) zone.textContent = zone.dataset.zone ?? '';
}

function send_in_place(form: HTMLFormElement): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const trouble = trouble_of(form);
    if (trouble) return show(form, trouble);
    const button = form.querySelector<HTMLButtonElement>('button[type="submit"]');
    if (button) button.disabled = true;
    send(form)
      .catch(() => show(form, 'The gateway did not answer. Try again.'))
      .finally(() => {
        if (button) button.disabled = false;
      });
  });
}

// A refusal page leads to the very box of the capability that was missing.
function tick_asked(): void {
  // Not :target, which the browser may set only after this has run.
  const target =
    window.location.hash.startsWith('#ask-') &&
    document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  const box = target && target.querySelector<HTMLInputElement>('input[type="checkbox"]');
  if (!box) return;
  box.checked = true;
  box.form?.querySelector<HTMLTextAreaElement>('textarea')?.focus({ preventScroll: true });
}

interface AccessRequest {
  id: string;
  state: string;
  approvals: number;
  talk: unknown[];
}

const kForms = 'form[data-ask], form[data-answer]';

// Asks every few seconds, not behind the reader's back, and renews the page when done says so of the answer.
function watch<Answer>(path: string, every: number, done: (answer: Answer) => boolean): void {
  window.setInterval(async () => {
    if (document.hidden) return;
    try {
      const response = await fetch(path, { headers: { Accept: 'application/json' } });
      if (response.status === 401) window.location.reload();
      if (response.ok && done((await response.json()) as Answer)) await renew();
    } catch {
      // Not reachable for the moment: the next turn asks again.
    }
  }, every);
}

// Nothing that is being written is taken away: then only the list of requests is replaced, and not while it is that
// which is written in.
async function renew(): Promise<void> {
  const form = document.activeElement?.closest(kForms);
  const shown = document.getElementById('requests');
  if (!form) return window.location.reload();
  if (!shown || shown.contains(form)) return;
  const page = new DOMParser().parseFromString(await (await fetch('/.postern/', { headers: { Accept: 'text/html' } })).text(), 'text/html');
  const fresh = page.getElementById('requests');
  if (!fresh) return;
  shown.replaceChildren(...fresh.childNodes);
  local_times(shown);
  ask_in_place(shown);
}

// Once anybody has said or decided something.
function watch_requests(): void {
  const said = () =>
    new Map(
      [...document.querySelectorAll<HTMLElement>('[data-request][data-state="pending"]')].map((one) => [one.dataset.request, one.dataset.said]),
    );
  if (said().size === 0) return;
  watch<{ items: AccessRequest[] }>('/.postern/api/requests', kRequestPollMs, ({ items }) => {
    const known = said();
    return items.some((one) => known.has(one.id) && (one.state !== 'pending' || known.get(one.id) !== `${one.approvals} ${one.talk.length}`));
  });
}

// Once a call that waits has come or gone; on any page of an engineer that shows what may be done now.
function watch_calls(): void {
  if (!document.querySelector('[data-home]')) return;
  const shown = [...document.querySelectorAll<HTMLElement>('[data-waiting]')].map((one) => one.dataset.waiting).join();
  watch<{ waiting: { id: string }[] }>('/.postern/api/session', kPollMs, ({ waiting }) => waiting.map((one) => one.id).join() !== shown);
}

take_pass();
count_down();
local_times();
ask_in_place();
watch_requests();
watch_calls();
tick_asked();
