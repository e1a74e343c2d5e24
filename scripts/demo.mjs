/** The main job on the bundled real streams: what they hold, and what is wrong with damaged ones. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Shows a command and what it prints; says whether it exited as it should. */
function show(wanted, ...args) {
  console.log(`\n$ npx vstate-check ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === wanted;
}

const kept = [
  show(0, 'inspect', 'corpus/mtty/mtty1-fifo3-loop.bin'),
  show(0, 'inspect', 'corpus/qemu/pc-mtty1.bin'),
  show(0, 'corpus/mtty/mtty1-fifo3-loop.bin', 'corpus/qemu/pc-mtty1.bin'),
  show(1, 'corpus/mtty/head-past-fifo.bin', 'corpus/mtty/magic-damaged.bin'),
].every(Boolean);
process.exitCode = kept ? 0 : 1;
