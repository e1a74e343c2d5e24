/** Longest part of a device's name that goes into a file name. */
const MOST = 100;

/**
 * A file name for the state of each device, made of its name in the container, which anybody may have
 * written: no separators, nothing hidden, nothing that a shell or a terminal would read, no two alike.
 */
export const fileNames = (devices: readonly { readonly name: string }[]): readonly string[] => {
  const taken = new Set<string>();
  return devices.map(({ name }) => {
    const plain = name
      .replaceAll(/[^A-Za-z0-9._-]+/gu, '_')
      .replaceAll(/\.{2,}/gu, '.')
      .replace(/^[._-]+/u, '')
      .slice(0, MOST);
    const stem = plain === '' ? 'state' : plain;
    let file = `${stem}.bin`;
    // Some file systems do not tell letters by case.
    for (let index = 2; taken.has(file.toLowerCase()); index += 1) file = `${stem}-${index}.bin`;
    taken.add(file.toLowerCase());
    return file;
  });
};
