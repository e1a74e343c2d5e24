import type { ContainerEvent } from '../container/events.ts';

/** What a comparison looks at in a container, besides the states: by name, with a value as text. */
export const containerItems = (): {
  readonly event: (event: ContainerEvent) => void;
  readonly result: (container: string) => ReadonlyMap<string, string>;
} => {
  const items = new Map<string, string>();
  const sections = new Map<string, { version: number; count: number }>();
  return {
    event: (event) => {
      switch (event.kind) {
        case 'header':
          items.set('stream version', `${event.version}`);
          break;
        case 'configuration':
          items.set('machine', event.machine);
          for (const { name, value } of event.subsections)
            items.set(name, typeof value === 'object' ? value.join(', ') : `${value}`);
          break;
        case 'section': {
          const { type, idstr, instance, version, known } = event.section;
          if (!known) break;
          const key = `section ${idstr}${instance === 0 ? '' : `, instance ${instance}`}`;
          const before = sections.get(key);
          // How many rounds of PART a stream has says nothing about what it holds.
          const count = (before?.count ?? 0) + (type === 'full' || type === 'end' ? 1 : 0);
          sections.set(key, { version, count });
          break;
        }
        case 'ram-block':
          items.set(`RAM block ${event.name}`, `${event.usedLength} bytes`);
          break;
        case 'libvirt-header':
          items.set('save image', `version ${event.version}, ${event.formatName}`);
          break;
        default:
      }
    },
    result: (container) => {
      const all = new Map([['container', container], ...items]);
      for (const [key, { version, count }] of sections) {
        all.set(key, `version ${version}${count > 1 ? `, ${count} times complete` : ''}`);
      }
      return all;
    },
  };
};
