import { fileRule } from './file-rule.ts';

export default fileRule({
  id: 'file-owner-untrusted',
  title: 'The file that holds the state belongs to somebody else',
  severity: 'medium',
  cwe: 'CWE-283',
  rationale: `
The owner of a file may change its bytes and its mode at any time. A state that belongs to neither root
nor the user who loads it comes from somebody else, however it is written, and may be another one by
the time it is loaded.`,
  advice: 'Take states only from files of root or of the user who restores them.',
  sources: [
    'linux man-pages inode(7): the file type and mode, the sticky bit',
    'docs/guard.md: Who may change the file',
  ],
  kind: 'owner',
  example: 'the file belongs to user 1001, who is neither root nor user 1000',
});
