import { restOf } from '../layout/vocabulary.ts';
import { defineFormat } from './format.ts';

export { analyse, type OpaqueSummary } from './opaque-analysis.ts';

export const opaque = defineFormat({
  id: 'opaque',
  title: 'device state of an unknown layout',
  source: 'linux include/uapi/linux/vfio.h: the migration data is opaque to user space',
  summary: `
Bytes that no other format explains: the states of drivers that mark nothing and publish no layout.
Nothing in them can be checked field by field. The report gives what can be seen from outside: their
length and digest, the entropy of each region, long runs of one byte, and aligned words that look
like kernel addresses of the source host.

States of NVIDIA vGPU are of this kind: their stream is not published, and no field of it is known. Which
of them go together follows from metadata of the host's management library, and never from the state.`,
  layout: restOf({ control: 'unknown', doc: 'not explained' }),
  pci: [],
  drivers: [],
  marked: false,
  identity: `
None. Which device it belongs to has to be told out of band. For NVIDIA vGPU that is the type
(\`nvidia-259\`), which must be equal, the version of the host driver and the revision of the metadata,
of which the library's compatibility call is the judge: a live migration needs its answer LIVE. A
descriptor can carry them as \`type\` and as attributes with the relation \`target\`.`,
  sample: Uint8Array.of(0),
  recognise: () => undefined,
  invariants: [],
});
