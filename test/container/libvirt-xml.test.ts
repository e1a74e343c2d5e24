import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { domainDevices } from '../../src/container/libvirt-xml.ts';

const at = (slot: string, bus = '0x00'): string =>
  `<address type='pci' domain='0x0000' bus='${bus}' slot='${slot}' function='0x0'/>`;
const host = "<source><address domain='0x0000' bus='0x3b' slot='0x10' function='0x1'/></source>";
const domain = (devices: string): string => `<domain><devices>${devices}</devices></domain>`;

describe('the domain XML of a save image', () => {
  it('names its PCI devices, its mdevs and its virtual functions by their guest addresses', () => {
    const xml = domain(
      `<hostdev mode='subsystem' type='pci'>${host}${at('0x02')}</hostdev>` +
        `<hostdev mode='subsystem' type='mdev'><source><address uuid='0'/></source>${at('0x03')}</hostdev>` +
        `<interface type='hostdev' managed='yes'>${host}${at('0x04')}</interface>` +
        `<interface type='network'><source network='default'/>${at('0x05')}</interface>`,
    );
    assert.deepEqual(domainDevices(xml), {
      names: ['0000:00:02.0/vfio', '0000:00:03.0/vfio', '0000:00:04.0/vfio'],
      complete: true,
    });
  });

  it('gives no name behind a bridge, and none of the address on the host', () => {
    const xml = domain(`<hostdev>${host}${at('0x00', '0x01')}</hostdev><hostdev>${host}</hostdev>`);
    assert.deepEqual(domainDevices(xml).names, []);
  });

  it.each([
    ['no list of devices', '<domain></domain>'],
    ['a cut text', '<domain><devices>'],
    ['arguments for QEMU', domain('').replace('</domain>', '<qemu:commandline/></domain>')],
    ['more than is looked at', domain('<hostdev>'.repeat(5000))],
  ])('is not complete with %s', (_what, xml) => {
    assert.equal(domainDevices(xml).complete, false);
  });

  it('is text to be searched: entities and nesting expand to nothing', () => {
    const bomb =
      '<!DOCTYPE d [<!ENTITY a "&b;&b;&b;"><!ENTITY b "&a;&a;">]><domain>' +
      '<devices>'.repeat(50_000) +
      '&a;'.repeat(50_000);
    assert.deepEqual(domainDevices(bomb), { names: [], complete: false });
  });
});
