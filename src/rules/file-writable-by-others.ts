import { fileRule } from './file-rule.ts';

export default fileRule({
  id: 'file-writable-by-others',
  title: 'Others may write to the file that holds the state',
  severity: 'high',
  cwe: 'CWE-732',
  rationale: `
Whoever may write to the file decides what the destination loads, and may do so after it was checked.
That its bytes are sound now says nothing of the moment of the restore. For every user the severity is
high, for a group that is not the caller's it is medium.`,
  advice: 'Keep states in files that only their owner may write to.',
  sources: [
    'linux man-pages inode(7): the file type and mode, the sticky bit',
    'docs/guard.md: Who may change the file',
  ],
  kind: 'writable',
  example: 'every user may write to the file (mode 0666)',
});
