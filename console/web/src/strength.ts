// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How hard a password is to guess, roughly: for whoever chooses one, while they type. It counts what a guesser who knows words, rows
// and repetitions would have to try, in bits, and knows no list of passwords; whether one is taken is decided by the gateway
// (accounts/password.h), which has a short one.
export const kShortest = 12; // characters, as in accounts/password.h

export type Weakness = 'short' | 'repeats' | 'row' | 'name' | 'common' | 'words';
export interface Strength {
  level: 0 | 1 | 2 | 3 | 4; // nothing typed, weak, fair, good, strong
  weakness?: Weakness; // what would help most
}

const kFair = 40; // bits
const kGood = 55;
const kStrong = 70;

const kWordBits = 12; // one of some 4,000 words
const kLetterBits = 4.7;
const kDigitBits = 3.3;
const kOtherBits = 5;
const kAgainBits = 1; // a character that stood there before: what separates words is mostly the same
const kKnownBits = 4; // goes on as expected: a repetition, a row, the name, a word that everybody tries

const kRows = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'azertyuiop'];
const kTried = /password|passwort|passw0rd|p@ssw0rd|letmein|welcome|changeme|iloveyou|admin|secret|master|dragon|monkey|summer|winter/g;

const reversed = (text: string): string => [...text].reverse().join('');

// Whether the text is a piece of a row of the alphabet, the digits or a keyboard, in either direction.
const is_row = (text: string): boolean => [...kRows, ...kRows.map(reversed)].some((row) => row.includes(text));

// The longest piece that begins at i and goes on as expected: the same character, or a row. 0 if it is shorter than three.
function expected(text: string, i: number): { length: number; weakness: Weakness } {
  let same = i + 1;
  while (same < text.length && text[same] === text[i]) same++;
  let row = i + 3;
  while (row <= text.length && is_row(text.slice(i, row))) row++;
  const [repeats, runs] = [same - i, row - 1 - i];
  const length = Math.max(repeats, runs);
  return { length: length >= 3 ? length : 0, weakness: repeats >= runs ? 'repeats' : 'row' };
}

function bits_of(text: string): { bits: number; words: number; weakness?: Weakness } {
  let bits = 0;
  let words = 0;
  let weakness: Weakness | undefined;
  for (let i = 0; i < text.length; ) {
    const known = expected(text, i);
    const letters = /^\p{L}+/u.exec(text.slice(i))?.[0].length ?? 0;
    if (known.length > 0) {
      weakness ??= known.weakness;
      bits += kKnownBits + Math.log2(known.length);
      i += known.length;
    } else if (letters >= 3) {
      // A long one is several that were written together.
      bits += Math.min(letters * kLetterBits, kWordBits * Math.ceil(letters / 7));
      words++;
      i += letters;
    } else {
      const other = text.indexOf(text[i] ?? '') < i ? kAgainBits : kOtherBits;
      bits += /\d/.test(text[i] ?? '') ? kDigitBits : letters > 0 ? kLetterBits : other;
      i++;
    }
  }
  return weakness ? { bits, words, weakness } : { bits, words };
}

// A text that is one piece several times over is not longer for it.
function without_repetition(text: string): string {
  const doubled = (text + text).indexOf(text, 1);
  return doubled < text.length ? text.slice(0, doubled) : text;
}

export function strength_of(password: string, name: string): Strength {
  const length = [...password].length;
  if (length === 0) return { level: 0 };
  if (length < kShortest) return { level: 1, weakness: 'short' };
  const lower = password.toLowerCase();
  const once = without_repetition(lower);
  let left = once;
  let weakness: Weakness | undefined = once.length < lower.length ? 'repeats' : undefined;
  let bits = 0;
  const take = (piece: string | RegExp, why: Weakness) => {
    const fewer = left.replaceAll(piece, '');
    if (fewer === left) return;
    weakness ??= why;
    bits += kKnownBits;
    left = fewer;
  };
  if (name.length >= 3) take(name.toLowerCase(), 'name');
  take(kTried, 'common');
  const rest = bits_of(left);
  bits += rest.bits;
  const level = bits < kFair ? 1 : bits < kGood ? 2 : bits < kStrong ? 3 : 4;
  const why = weakness ?? rest.weakness ?? (rest.words < 4 && level < 3 ? 'words' : undefined);
  return level < 4 && why ? { level, weakness: why } : { level };
}
