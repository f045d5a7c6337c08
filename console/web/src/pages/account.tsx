// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import type { PageProps } from '../routes';
import { PasskeysSection } from '../sections/passkeys';
import { PasswordSection } from '../sections/password';
import { SignInsSection } from '../sections/sign_ins';
import { TotpSection } from '../sections/totp';
import { fetch_accounts, kSignInsEveryMs, parts } from '../state/live';
import { useEvery } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';

export function AccountPage(_: PageProps) {
  const part = useStore(parts.account);
  useEvery(kSignInsEveryMs, () => void fetch_accounts());
  return (
    <>
      <PageHead title={words.account.title} says={words.account.says} />
      <Body part={part} what={words.account.title} retry={() => void fetch_accounts()}>
        {(account) => (
          <div class="column">
            <PasskeysSection account={account} />
            <TotpSection account={account} />
            <PasswordSection account={account} />
            <SignInsSection account={account} />
          </div>
        )}
      </Body>
    </>
  );
}
