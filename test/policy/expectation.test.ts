import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ExpectationError, parseExpectationFile } from '../../src/policy/expectation.ts';
import { isInline, readExpectation } from '../../src/policy/read.ts';

describe('an expectation file', () => {
  it('becomes flat text, alternatives joined', () => {
    const text = `
format: qat
device: 8086:4941
driver: qat_vfio_pci
capacity: 4096
versions: { compver: [4, 5] }
windows: [0x0-0x7fffffff, 0x100000000-0x17fffffff]
fields: { svcmap: 0x249 }
gencap: 0xfffff
devices:
  0000:00:02.0/vfio: { nr_ports: 2 }
`;
    assert.deepEqual(parseExpectationFile(text, 'x.yaml'), {
      format: 'qat',
      device: '8086:4941',
      driver: 'qat_vfio_pci',
      capacity: '4096',
      compver: '4|5',
      windows: '0x0-0x7fffffff|0x100000000-0x17fffffff',
      svcmap: '585',
      gencap: '1048575',
      'device[0000:00:02.0/vfio].nr_ports': '2',
    });
  });

  it('keeps numbers beyond 2^53 exact', () => {
    const { cap } = parseExpectationFile('cap: 0xffffffffffffffff\n', 'x.yaml');
    assert.equal(cap, '18446744073709551615');
  });

  it.each([
    '- 1\n',
    'windows: [7]\n',
    'driver: [a]\n',
    'a: {b: {c: 1}}\n',
    '\u0000',
    'a: 1\na: 2\n',
  ])('is refused in one line when it is %j', (text) => {
    assert.throws(
      () => parseExpectationFile(text, 'x.yaml'),
      (error: unknown) =>
        error instanceof ExpectationError && /^x\.yaml:\d+: [^\n]+$/u.test(error.message),
    );
  });
});

describe('an inline expectation', () => {
  it('is told from the name of a file', () => {
    assert.ok(isInline('format=mtty,nr_ports=2'));
    assert.ok(!isInline('destination.yaml'));
  });

  it('is taken as it is written', async () => {
    assert.deepEqual(await readExpectation('format=mtty, nr_ports=0x2'), {
      format: 'mtty',
      nr_ports: '0x2',
    });
  });
});
