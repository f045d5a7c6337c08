// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The body of a call that waits, as a person reads it: JSON with its structure, a form as names and values, else the text. What is
// sent is the body as it came; this only shows it.
import { plain } from './said';

type Shown = { text: string } | { fields: [string, string][] };

function shown(text: string, type: string): Shown {
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return { fields: [...new URLSearchParams(text)] };
  if (!/\bjson\b/i.test(type)) return { text };
  return { text: indented(text) };
}

const kIndent = '  ';

// Only blanks are put between what is there: a key that stands twice, or a number that no JavaScript number holds, is shown as it
// will be sent.
function indented(json: string): string {
  let depth = 0;
  const line = () => `\n${kIndent.repeat(Math.max(0, depth))}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*(?=[}\]])[}\]]|[{[]|[}\]]|[,:]|\s+/g, (token) => {
    if (token.startsWith('"')) return token;
    if (/^\s+$/.test(token)) return '';
    if (token === ',') return `,${line()}`;
    if (token === ':') return ': ';
    if (token.length > 1) return token;
    depth += token === '{' || token === '[' ? 1 : -1;
    return token === '{' || token === '[' ? `${token}${line()}` : `${line()}${token}`;
  });
}

export function HeldBody({ text, type }: { text: string; type: string }) {
  const body = shown(text, type);
  if ('fields' in body)
    return (
      <dl class="facts-list">
        {body.fields.map(([name, value], i) => (
          <div key={i}>
            <dt>
              <bdi>{plain(name)}</bdi>
            </dt>
            <dd>
              <bdi class="said">{plain(value)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    );
  return (
    <pre tabIndex={0}>
      <bdi>{plain(body.text)}</bdi>
    </pre>
  );
}
