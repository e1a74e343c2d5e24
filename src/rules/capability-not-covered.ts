import { roleOf, type Role } from '../layout/types.ts';
import { compatibility, le32, struct } from '../layout/vocabulary.ts';
import { expectedFields, meets, parseNumber } from './expectation.ts';
import { hex, named } from './fault-rule.ts';
import { defineRule } from './rule.ts';

type Relation = Extract<Role, { is: 'compatibility' }>['relation'];

const block = struct({ gencap: le32({ role: compatibility('superset') }) });

/** What the destination lacks of what the source used; undefined when it has all of it. */
const lacking = (relation: Relation, had: bigint, has: bigint): string | undefined => {
  switch (relation) {
    case 'equal':
      return had === has ? undefined : `exactly ${hex(had)}`;
    case 'superset': {
      const missing = had & ~has;
      return missing === 0n ? undefined : `bits ${hex(missing)}`;
    }
    case 'at-least':
      return has >= had ? undefined : `at least ${had}`;
  }
};

export default defineRule({
  id: 'capability-not-covered',
  title: 'The source used what the destination does not have',
  severity: 'high',
  threats: ['wrong-device', 'version'],
  cwe: 'CWE-1287',
  applies: { to: 'expectation' },
  rationale: `
The state records capabilities of the source's device. The guest was told of them, so a destination
without them cannot go on where the source stopped. Drivers that compare do so when the first bytes
arrive; a checker can do it before the guest is stopped.`,
  advice: 'Demand that the destination covers every capability in the state.',
  sources: ['linux drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c: capability checks'],
  examples: () => ({
    good: [{ layout: block, draft: { gencap: 5n }, expect: { gencap: '0xf' } }],
    bad: [{ layout: block, draft: { gencap: 5n }, expect: { gencap: '0x3' } }],
  }),
  watch: ({ expect }) => ({
    *unit({ root, device, locate }) {
      for (const one of expectedFields(root, device, expect)) {
        const { layout, value } = one.field;
        const role = layout === 'gap' ? undefined : roleOf(layout, 'compatibility');
        if (role === undefined || typeof value !== 'bigint') continue;
        const has = parseNumber(one.wanted);
        const missing =
          has === undefined
            ? meets(one)
              ? undefined
              : one.wanted
            : lacking(role.relation, value, has);
        if (missing === undefined) continue;
        yield {
          message: `${named(one.field)} is ${hex(value)}, but the destination has ${one.wanted}`,
          expected: `a destination with ${missing}`,
          at: [locate(one.field)],
        };
      }
    },
  }),
});
