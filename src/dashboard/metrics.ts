import type { CampaignPart } from '../report/audit/audit.ts';
import { severities } from '../finding/finding.ts';

/** What `fuzzer_stats` calls it, and what it is called and said to be here. */
const measures: readonly (readonly [
  key: string,
  name: string,
  type: 'counter' | 'gauge',
  help: string,
])[] = [
  ['execs_done', 'executions_total', 'counter', 'Executions of the restore path.'],
  ['execs_per_sec', 'executions_per_second', 'gauge', 'Executions a second, of the last seconds.'],
  ['edges_found', 'coverage_features', 'gauge', 'Distinct coverage features that were reached.'],
  ['signatures', 'outcome_signatures', 'gauge', 'Distinct outcomes of executions.'],
  ['corpus_imported', 'seeds', 'gauge', 'Seeds of the campaign.'],
  ['corpus_found', 'generated_states', 'gauge', 'States that showed something new.'],
  ['systematic_done', 'systematic_plans_done', 'gauge', 'Plans of the grammar that were tried.'],
  ['systematic_total', 'systematic_plans', 'gauge', 'Plans that the grammar has.'],
  ['unavailable', 'lost_executions_total', 'counter', 'Executions lost by no fault of the target.'],
  ['stepped_around', 'stepped_around_total', 'counter', 'Plans left out for a known finding.'],
  ['chance_of_new', 'chance_of_new', 'gauge', 'Chance that the next execution is new.'],
  ['workers', 'workers', 'gauge', 'Processes that run the restore path.'],
  ['run_time', 'run_time_seconds', 'gauge', 'Time of this run of the campaign.'],
  ['last_update', 'last_update_timestamp_seconds', 'gauge', 'When these numbers were written.'],
];

/** Where a campaign stands, in the text exposition format of Prometheus, version 0.0.4. */
export const metricsText = ({ statistics, findings, target, format }: CampaignPart): string => {
  const values = new Map(statistics);
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: readonly string[]): void => {
    if (samples.length === 0) return;
    lines.push(`# HELP vstate_check_${name} ${help}`, `# TYPE vstate_check_${name} ${type}`);
    for (const sample of samples) lines.push(`vstate_check_${name}${sample}`);
  };
  family('campaign_info', 'gauge', 'The campaign: what it attacks, with which format.', [
    `{target="${label(target)}",format="${label(format)}"} 1`,
  ]);
  for (const [key, name, type, help] of measures) {
    const value = Number(values.get(key) ?? NaN);
    family(name, type, help, Number.isFinite(value) ? [` ${value}`] : []);
  }
  family(
    'findings',
    'gauge',
    'Findings by severity.',
    severities.map((severity) => {
      const count = findings.filter((finding) => finding.severity === severity).length;
      return `{severity="${severity}"} ${count}`;
    }),
  );
  return `${lines.join('\n')}\n`;
};

const MOST_LABEL = 1_000;

/** A value of a label: backslash, quote and line feed are escaped, other control characters left out. */
const label = (text: string): string =>
  text
    .slice(0, MOST_LABEL)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll(/[\u0000-\u001f\u007f]/gu, '');
