import type { Fault, Section } from '../container/events.ts';
import { place } from '../container/location.ts';
import type { Location } from '../finding/finding.ts';

/** A place in a section of a stream, under the section's own name. */
export const inSection = (
  { idstr, type }: Section,
  offset: number,
  length = 0,
  note?: string,
): Location => place(`${idstr}.${type}`, offset, length, note);

/** The header of a section. */
export const atSection = (section: Section, note?: string): Location =>
  inSection(section, section.offset, section.bodyOffset - section.offset, note);

/** Where a fault of the container stands. */
export const atFault = ({ section, offset, length }: Fault): Location =>
  section === undefined ? place('stream', offset, length) : inSection(section, offset, length);

/** How a message names a section: `END section 38 ("0000:00:02.0/vfio")`. */
export const sectionText = ({ type, id, idstr, known }: Section): string =>
  known
    ? `${type.toUpperCase()} section ${id} (${JSON.stringify(idstr)})`
    : `${type.toUpperCase()} section ${id}`;
