// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Says on the component's own pages that the session is recorded, and for how long it lasts. It shares the page with somebody else's
// program: one element beside the body, everything in it in a shadow tree with a sheet of its own, no global, no storage but one
// key, nothing of the page read or moved. Where a page's Content-Security-Policy does not let it run, there is no banner and no harm.

const kWords = {
  label: 'Postern: this support session is recorded',
  recorded: 'This session is recorded',
  left: (time: string) => `${time} left`,
  over: 'The session has ended',
  postern: 'What I may do',
  smaller: 'Make this smaller',
  larger: 'This session is recorded. Show more',
};
const kSmallKey = 'postern-banner-small';
const kTickMs = 1000;
const kSoonMs = 5 * 60_000;

const kSheet = `
:host { all: initial; position: fixed; inset: auto auto 12px 12px; z-index: 2147483647; color-scheme: light dark; contain: layout style; }
@media print { :host { display: none; } }
div { display: flex; align-items: center; gap: 10px; max-width: calc(100vw - 24px); box-sizing: border-box; padding: 4px 6px 4px 12px;
  font: 500 13px/1.5 system-ui, sans-serif; color: #fff; background: #1d2733; border: 1px solid #5b6b7d; border-radius: 999px;
  box-shadow: 0 2px 10px rgb(0 0 0 / 30%); }
i { flex: none; width: 9px; height: 9px; border-radius: 50%; background: #ff5d5d; }
span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.left { color: #c7d1dc; font-variant-numeric: tabular-nums; }
.left.soon { color: #ffd27a; }
a { color: #9dcbff; white-space: nowrap; }
button { all: unset; flex: none; cursor: pointer; min-width: 26px; min-height: 26px; border-radius: 50%; text-align: center; color: #c7d1dc; }
button:hover { background: #33414f; }
a:focus-visible, button:focus-visible { outline: 2px solid #9dcbff; outline-offset: 2px; }
.small { padding: 4px; }
.small > :not(button) { display: none; }
.small button::before { content: ''; display: inline-block; width: 10px; height: 10px; border-radius: 50%; background: #ff5d5d; vertical-align: middle; }
.small button span { display: none; }
@media (max-width: 480px) { .left { display: none; } }
`;

function say_time(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h > 0 ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

// Storage may be forbidden to the page; then it is forgotten.
function remembered(): boolean {
  try {
    return window.sessionStorage.getItem(kSmallKey) !== null;
  } catch {
    return false;
  }
}

function remember(small: boolean): void {
  try {
    if (small) window.sessionStorage.setItem(kSmallKey, '1');
    else window.sessionStorage.removeItem(kSmallKey);
  } catch {
    // not for this page
  }
}

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, text = ''): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function make_button(box: HTMLElement): HTMLButtonElement {
  const button = element('button');
  const cross = element('span', '×');
  cross.ariaHidden = 'true';
  button.type = 'button';
  button.append(cross);
  const show = (small: boolean) => {
    box.classList.toggle('small', small);
    button.ariaLabel = small ? kWords.larger : kWords.smaller;
    button.title = button.ariaLabel;
    button.ariaExpanded = String(!small);
  };
  button.addEventListener('click', () => {
    const small = !box.classList.contains('small');
    remember(small);
    show(small);
  });
  show(remembered());
  return button;
}

function count_down(shown: HTMLElement, seconds: number): void {
  const end = performance.now() + seconds * 1000;
  const tick = () => {
    const left = end - performance.now();
    shown.textContent = left > 0 ? kWords.left(say_time(left)) : kWords.over;
    shown.classList.toggle('soon', left < kSoonMs);
    if (left <= 0) window.clearInterval(timer);
  };
  const timer = window.setInterval(tick, kTickMs);
  tick();
}

function show_banner(seconds: number): void {
  const host = document.createElement('postern-banner');
  const tree = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(kSheet);
  tree.adoptedStyleSheets = [sheet];
  const box = element('div');
  box.role = 'complementary';
  box.ariaLabel = kWords.label;
  const dot = element('i');
  dot.ariaHidden = 'true';
  const left = element('span');
  left.className = 'left';
  const link = element('a', kWords.postern);
  link.href = '/.postern/';
  box.append(dot, element('span', kWords.recorded), left, link, make_button(box));
  tree.append(box);
  count_down(left, seconds);
  document.documentElement.append(host);
}

async function begin(): Promise<void> {
  const answer = await fetch('/.postern/api/session', { headers: { accept: 'application/json' } });
  if (!answer.ok) return; // signed out meanwhile: the next click says so
  const { session } = (await answer.json()) as { session: { remaining_seconds: number } };
  show_banner(session.remaining_seconds);
}

document.currentScript?.remove();
if (window.top === window) void begin().catch(() => undefined);
