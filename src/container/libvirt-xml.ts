const attribute = (element: string, name: string): number | undefined => {
  const value = new RegExp(`\\b${name}=['"](0x[0-9a-f]{1,8}|[0-9]{1,8})['"]`, 'iu').exec(
    element,
  )?.[1];
  return value === undefined ? undefined : Number(value);
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** Elements that are looked at; no domain has so many. */
const mostElements = 256;
const longestElement = 4096;

/** The elements of a name with what is in them, each cut at a length that none has. */
function* elements(xml: string, name: string): Generator<string> {
  const opening = `<${name}`;
  let next = xml.indexOf(opening);
  for (let seen = 0; seen < mostElements && next >= 0; seen += 1) {
    const start = next + opening.length;
    next = xml.indexOf(opening, start);
    const piece = xml.slice(
      start,
      Math.min(next < 0 ? xml.length : next, start + longestElement + name.length + 3),
    );
    const end = piece.indexOf(`</${name}>`);
    yield piece.slice(0, end < 0 ? longestElement : Math.min(end, longestElement));
  }
}

/** The devices of the host that a domain gives its guest. */
export interface DomainDevices {
  /** Names that their VFIO sections should have. */
  readonly names: readonly string[];
  /** The domain lists its devices, and all of them are known; what is not among them is not its own. */
  readonly complete: boolean;
}

/**
 * The host devices of a domain: PCI devices and mdevs, and interfaces that are virtual functions. Only a
 * guest address on bus 0 gives a name: behind a bridge QEMU builds it from the chain of slots.
 */
export const domainDevices = (xml: string): DomainDevices => {
  const names: string[] = [];
  const found = [...elements(xml, 'hostdev')].concat(
    [...elements(xml, 'interface')].filter((element) => /^\s+type=['"]hostdev['"]/u.test(element)),
  );
  for (const element of found) {
    // The address inside <source> is the host's; the guest's stands behind it.
    const guest = element.slice(Math.max(element.lastIndexOf('</source>'), 0));
    const address = guest.indexOf('<address');
    if (address < 0) continue;
    const tag = guest.slice(address, address + 256);
    const [domain, bus] = [attribute(tag, 'domain'), attribute(tag, 'bus')];
    const [slot, fn] = [attribute(tag, 'slot'), attribute(tag, 'function')];
    if (bus !== 0 || slot === undefined) continue;
    names.push(`${hex(domain ?? 0, 4)}:00:${hex(slot, 2)}.${hex(fn ?? 0, 1)}/vfio`);
  }
  const whole =
    xml.includes('<devices') && xml.includes('</domain>') && found.length < mostElements;
  // Arguments for QEMU itself may bring devices that libvirt knows nothing of.
  return { names, complete: whole && !xml.includes('qemu:commandline') };
};
