// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Asks the gateway to compare each event of the session with the log that was signed.
import { useState } from 'preact/hooks';
import { get, segment } from '../api/client';
import type { Proof } from '../api/types';
import { Trouble } from '../components/notice';
import { Said } from '../components/said';
import { useAction } from '../state/action';
import { words } from '../text';

export function VerifySection({ id }: { id: string }) {
  const action = useAction();
  const [proof, set_proof] = useState<Proof | undefined>(undefined);
  const verify = () =>
    void action.run(async () => {
      const answer = await get<Proof>(`/sessions/${segment(id)}/verify`);
      set_proof(answer);
      return says(answer);
    });
  return (
    <section class="panel verify" id="verify" aria-label={words.session.verify}>
      <div class="inset">
        {proof && <Result proof={proof} />}
        <Trouble problem={action.problem} />
        <p class="no-print">
          <button type="button" aria-busy={action.busy} onClick={verify}>
            {action.busy ? words.session.verifying : words.session.verify}
          </button>
        </p>
      </div>
    </section>
  );
}

function says(proof: Proof): string {
  if (!proof.verified) return words.session.not_verified(proof.faults.length);
  const { checked, not_yet_signed, checkpoint } = proof;
  return not_yet_signed > 0
    ? words.session.verified_part(checked, not_yet_signed, checkpoint.size)
    : words.session.verified(checked, checkpoint.size);
}

function Result({ proof }: { proof: Proof }) {
  return (
    <div class={proof.verified ? 'verified' : 'trouble'} role="status">
      <p>
        <strong>{says(proof)}</strong>
      </p>
      {!proof.complete && <p>{words.session.verified_first(proof.checked)}</p>}
      <ul>
        {proof.faults.map((one) => (
          <li key={one.index}>
            <Said text={words.session.fault(one.index, one.what)} />
          </li>
        ))}
      </ul>
      <p class="quiet">
        {words.session.root} <code>{proof.checkpoint.root}</code>
      </p>
    </div>
  );
}
