const attribute = (element: string, name: string): number | undefined => {
  const value = new RegExp(`\\b${name}=['"](0x[0-9a-f]{1,8}|[0-9]{1,8})['"]`, 'iu').exec(
    element,
  )?.[1];
  return value === undefined ? undefined : Number(value);
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * The names that VFIO sections of the host devices in a domain XML should have. Only a guest address
 * on bus 0 gives one: behind a bridge QEMU builds the name from the chain of slots.
 */
export const vfioNamesOf = (xml: string): readonly string[] => {
  const names: string[] = [];
  for (const piece of xml.split('<hostdev').slice(1, 257)) {
    const end = piece.indexOf('</hostdev>');
    const element = end < 0 ? piece.slice(0, 4096) : piece.slice(0, Math.min(end, 4096));
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
  return names;
};
