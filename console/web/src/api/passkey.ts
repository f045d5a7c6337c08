// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Passkeys: the browser's side of it. The gateway asks, the browser and its authenticator answer, and bytes travel as
// base64url.
import { words } from '../text';
import { call, Problem } from './client';

export interface Challenge {
  challenge: string;
  rp: string;
  timeout_ms: number;
  passkeys?: string[];
}
interface NewPasskey extends Challenge {
  user: { handle: string; name: string };
  algorithms: number[];
  exclude: string[];
}

// Browsers bind passkeys to names and to no address.
export const is_address = (host: string): boolean => /^[\d.]+$/.test(host) || host.startsWith('[');
export const passkeys_work_here = (): boolean =>
  !is_address(window.location.hostname) && 'PublicKeyCredential' in window;
// Where this machine's console is, by its name.
export const named_place = (): string | undefined => {
  const { hostname, port } = window.location;
  const own = hostname === '127.0.0.1' || hostname === '[::1]';
  return own ? `https://localhost${port ? `:${port}` : ''}/` : undefined;
};

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}
function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join('');
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

// Somebody who closes the browser's dialog has decided nothing: it says so calmly.
async function with_browser<T>(ask: () => Promise<T | null>): Promise<T> {
  try {
    const answer = await ask();
    if (answer !== null) return answer;
  } catch (error) {
    const known = error instanceof DOMException && error.name === 'InvalidStateError';
    throw new Problem(0, known ? words.passkey.known_already : words.passkey.not_done, '', 'passkey', '');
  }
  throw new Problem(0, words.passkey.not_done, '', 'passkey', '');
}

async function assertion_for(challenge: Challenge): Promise<Record<string, string>> {
  const given = await with_browser(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(challenge.challenge),
        rpId: challenge.rp,
        timeout: challenge.timeout_ms,
        userVerification: 'required',
        allowCredentials: (challenge.passkeys ?? []).map((id) => ({ type: 'public-key', id: bytes(id) })),
      },
    }),
  );
  const credential = given as PublicKeyCredential;
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    id: text(credential.rawId),
    client_data: text(response.clientDataJSON),
    authenticator_data: text(response.authenticatorData),
    signature: text(response.signature),
    ...(response.userHandle ? { user_handle: text(response.userHandle) } : {}),
  };
}

export async function sign_in_with_passkey<T>(): Promise<T> {
  return call<T>('POST', '/sign-in/passkey', await assertion_for(await call<Challenge>('POST', '/sign-in/challenge')));
}

export async function prove_with_passkey(): Promise<void> {
  const passkey = await assertion_for(await call<Challenge>('POST', '/account/proof/challenge'));
  await call('POST', '/account/proof', { passkey });
}

export async function add_passkey(name: string): Promise<void> {
  const asked = await call<NewPasskey>('POST', '/account/passkeys/challenge');
  const made = await with_browser(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytes(asked.challenge),
        rp: { id: asked.rp, name: words.product },
        user: { id: bytes(asked.user.handle), name: asked.user.name, displayName: asked.user.name },
        pubKeyCredParams: asked.algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: asked.exclude.map((id) => ({ type: 'public-key', id: bytes(id) })),
        timeout: asked.timeout_ms,
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      },
    }),
  );
  const response = (made as PublicKeyCredential).response as AuthenticatorAttestationResponse;
  await call('POST', '/account/passkeys', {
    name,
    client_data: text(response.clientDataJSON),
    attestation: text(response.attestationObject),
  });
}
