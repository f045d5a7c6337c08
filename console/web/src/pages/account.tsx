// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import type { PageProps } from '../routes';
import { PasskeysSection } from '../sections/passkeys';
import { PasswordSection } from '../sections/password';
import { ProviderSection } from '../sections/provider';
import { SignInsSection } from '../sections/sign_ins';
import { TotpSection } from '../sections/totp';
import { accounts, fetch_accounts, show_accounts } from '../state/accounts';
import { useStore } from '../state/store';
import { words } from '../text';

export function AccountPage(_: PageProps) {
  const part = useStore(accounts.account);
  useEffect(show_accounts, []);
  return (
    <>
      <PageHead title={words.account.title} says={words.account.says} />
      <Body part={part} what={words.account.title} retry={() => void fetch_accounts()}>
        {(account) => (
          <div class="column">
            {account.openid ? (
              <ProviderSection account={account.openid} />
            ) : (
              <>
                <PasskeysSection account={account} />
                <TotpSection account={account} />
                <PasswordSection account={account} />
              </>
            )}
            <SignInsSection account={account} />
          </div>
        )}
      </Body>
    </>
  );
}
