import { fileRule } from './file-rule.ts';

export default fileRule({
  id: 'file-path-untrusted',
  title: 'Others may exchange the file behind the name of the state',
  severity: 'medium',
  cwe: 'CWE-379',
  rationale: `
Who may rename in a folder on the way to the file, or owns a symbolic link there, may put another file
behind its name between the check and the restore. That is so for folders of other users, for folders
that others may write to and that are not sticky, and for links of other users. A folder in which
every user may rename, or a name that leads to another file by now, is high.`,
  advice: 'Open the state once, and check and load what that descriptor gives.',
  sources: [
    'linux man-pages inode(7): the file type and mode, the sticky bit',
    'docs/guard.md: Who may change the file',
  ],
  kind: 'path',
  example: 'every user may exchange what lies in /srv/states (mode 0777, not sticky)',
});
