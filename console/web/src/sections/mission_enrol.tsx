// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Enrolling at Mission Control with the vendor's code, and trying the line step by step.
import { useState } from 'preact/hooks';
import { call } from '../api/client';
import type { LineStep, MissionLine } from '../api/types';
import { Field } from '../components/field';
import { Empty, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { useAction } from '../state/action';
import { fetch_status } from '../state/live';
import { words } from '../text';
import type { Rights } from './rights';

export function EnrolSection({ may_change }: Rights) {
  const action = useAction();
  const [code, set_code] = useState('');
  const text = words.mission.enrol;
  const enrol = () =>
    void action.run(async () => {
      await call<MissionLine>('POST', '/link/enrol', { code });
      set_code('');
      await fetch_status();
      return text.done;
    });
  return (
    <Section id="enrol" title={text.title}>
      {may_change ? (
        <form
          class="inset"
          onSubmit={(event) => {
            event.preventDefault();
            enrol();
          }}
        >
          <p class="quiet">{text.says}</p>
          <Field label={text.code} hint={text.hint} value={code} on_value={set_code} />
          <Trouble problem={action.problem} />
          <div class="buttons">
            <button type="submit" class="primary" aria-busy={action.busy}>
              {action.busy ? text.busy : text.submit}
            </button>
          </div>
        </form>
      ) : (
        <Empty>{text.auditor}</Empty>
      )}
    </Section>
  );
}

export function CheckSection({ link, may_change }: { link: MissionLine } & Rights) {
  const action = useAction();
  const [answer, set_answer] = useState<LineStep[] | undefined>(undefined);
  const text = words.mission.check;
  const steps = answer ?? link.check?.steps;
  const check = () =>
    void action.run(async () => {
      const { steps: tried } = await call<{ steps: LineStep[] }>('POST', '/link/check');
      set_answer(tried);
      const failed = tried.find((one) => !one.ok);
      return failed ? text.failed(text.steps[failed.step]) : text.good;
    });
  const button = may_change && (
    <button type="button" aria-busy={action.busy} onClick={check}>
      {action.busy ? text.busy : text.submit}
    </button>
  );
  return (
    <Section id="check" title={text.title} aside={button}>
      {action.problem && (
        <div class="inset">
          <Trouble problem={action.problem} />
        </div>
      )}
      {steps ? <Steps steps={steps} /> : <Empty>{text.none}</Empty>}
    </Section>
  );
}

function Steps({ steps }: { steps: LineStep[] }) {
  const text = words.mission.check;
  return (
    <div class="inset">
      <ol class="steps">
        {steps.map((one) => (
          <li key={one.step} class={`fact-${one.ok ? 'good' : 'bad'}`}>
            <span class="dot" aria-hidden="true" />
            <b>
              {text.steps[one.step] ?? one.step}: {text.outcome(one.ok)}
            </b>
            <Said text={one.said} />
          </li>
        ))}
      </ol>
    </div>
  );
}
