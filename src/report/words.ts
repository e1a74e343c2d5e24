import { sessionText } from '../container/session/show.ts';
import type { ContainerEvent } from '../container/events.ts';
import { severities, type Finding, type Severity } from '../finding/finding.ts';
import type { LayoutFault } from '../layout/node.ts';
import { placeText, printable, sizeText } from './escape.ts';

/** A fault in a few words, for the end of a line. */
export const faultText = (fault: LayoutFault): string => {
  switch (fault.code) {
    case 'truncated':
      return `cut after ${fault.got} of ${sizeText(fault.wanted)}`;
    case 'overrun':
      return `claims ${fault.wanted} bytes, ${fault.got} remain`;
    case 'trailing':
      return 'not explained by the format';
    default:
      return fault.code.replaceAll('-', ' ');
  }
};

export const depthOf = (event: ContainerEvent): number =>
  event.kind === 'vfio-record' || event.kind === 'ram-block' ? 1 : 0;

/** One line for an event; undefined for those that another line tells already. */
export const eventText = (event: ContainerEvent): string | undefined => {
  switch (event.kind) {
    case 'header':
      return `QEMU stream, version ${event.version}`;
    case 'configuration':
      return `configuration, machine ${printable(event.machine)}`;
    case 'command':
      return `command ${event.name}`;
    case 'section': {
      const { type, id, idstr, instance, version, recovered } = event.section;
      const found = recovered ? ' (found again after damage)' : '';
      return type === 'start' || type === 'full'
        ? `${type.toUpperCase()} #${id} ${printable(idstr)}, instance ${instance}, version ${version}${found}`
        : `${type.toUpperCase()} #${id} ${printable(idstr)}${found}`;
    }
    case 'ram-block':
      return `RAM block ${printable(event.name)}, ${event.usedLength} bytes`;
    case 'vfio-record':
      return event.dataLength === undefined
        ? event.name
        : `${event.name}, ${event.dataLength} bytes of device state at ${placeText(event.dataOffset ?? 0)}`;
    case 'eof':
      return 'end of sections';
    case 'vmdesc':
      return `description of ${event.devices} devices, ${sizeText(event.length)}`;
    case 'trailing':
      return `${sizeText(event.length)} behind the stream`;
    case 'note':
      return printable(event.text);
    case 'sealed-header': {
      const { signers, sequence, identity } = event;
      const who = signers.map(({ id }) => id).join(', ');
      const what = Object.entries(identity).map(([name, text]) => `${name} ${printable(text)}`);
      return [`seal ${sequence} by ${who}`, ...what].join(', ');
    }
    case 'sealed-frame':
      return `frame ${event.index}, ${sizeText(event.bytes)}${event.last ? ', the last' : ''}`;
    case 'sealed-content':
      return `sealed: ${event.container}`;
    case 'fault':
      return `! ${event.code.replaceAll('-', ' ')}`;
    case 'section-end':
    case 'device-open':
    case 'device-bytes':
    case 'device-config':
    case 'device-close':
      return undefined;
    default: {
      const text = sessionText(event);
      return text === undefined ? undefined : printable(text);
    }
  }
};

const containerNames: Readonly<Record<string, string>> = {
  'device-state': 'device state',
  qemu: 'QEMU migration stream',
  'libvirt-save': 'libvirt save image',
  'multifd-channel': 'QEMU multifd channel',
  'return-path': 'QEMU return path',
  session: 'recorded session',
  'vfio-user': 'vfio-user capture',
  'cloud-hypervisor': 'Cloud Hypervisor snapshot',
  sealed: 'sealed state',
  policy: 'policy of the site',
};

/** A container as people call it; what wraps it comes first. */
export const containerText = (container: string): string =>
  container
    .split('+')
    .map((name) => containerNames[name] ?? name)
    .join(', ');

/** Findings by severity, worst first; those of a baseline and suppressed ones apart. */
export const talliedFindings = (
  findings: readonly Finding[],
): {
  readonly counted: readonly (readonly [severity: Severity, count: number])[];
  readonly excused: number;
} => {
  const counting = findings.filter(({ excused }) => excused === undefined);
  const counted = severities
    .map(
      (severity) => [severity, counting.filter((one) => one.severity === severity).length] as const,
    )
    .filter(([, count]) => count > 0);
  return { counted, excused: findings.length - counting.length };
};

/** A count with its noun. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
