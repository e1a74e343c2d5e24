import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { opaque } from '../../src/formats/opaque.ts';
import { Gate } from '../../src/guard/gate.ts';
import { relay } from '../../src/guard/relay.ts';

const opaqueGate = (write: (pieces: readonly Uint8Array[]) => void): Gate =>
  new Gate({
    ...{ rules: [], examine: { format: opaque }, expect: {}, trust: {} },
    ...{ failOn: 'high', hold: 1 << 20, write },
  });

describe('a relay between two sockets', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vstate-relay-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('has its name, for its owner alone, until one has connected', async () => {
    const [listen, connect] = [join(folder, 'guard.sock'), join(folder, 'in.sock')];
    const arrived: Buffer[] = [];
    const destination = createServer((socket) => {
      socket.on('data', (block: Buffer) => arrived.push(block));
      socket.on('end', () => socket.end('all of it'));
    });
    destination.listen(connect);
    await once(destination, 'listening');
    let done: Promise<Gate> | undefined;
    await new Promise<void>((ready) => {
      done = relay({ listen, connect, gate: opaqueGate, ready });
    });
    assert.deepEqual(readdirSync(folder).sort(), ['guard.sock', 'in.sock']);
    assert.equal(statSync(listen).mode & 0o777, 0o600);
    const source = createConnection({ path: listen, allowHalfOpen: true });
    let back = '';
    source.on('data', (block: Buffer) => {
      back += block.toString();
    });
    const closed = once(source, 'close');
    source.end(Buffer.alloc(1 << 20, 7));
    const gate = await done;
    await closed;
    destination.close();
    assert.equal(gate?.state, 'passed');
    assert.deepEqual(Buffer.concat(arrived), Buffer.alloc(1 << 20, 7));
    assert.equal(back, 'all of it');
    assert.ok(!existsSync(listen));
  });

  it('leaves a name alone that is taken', async () => {
    const listen = join(folder, 'taken');
    writeFileSync(listen, 'mine');
    const ready = (): void => assert.fail('ready');
    const done = relay({ listen, connect: join(folder, 'in'), gate: opaqueGate, ready });
    await assert.rejects(done, { code: 'EEXIST' });
    assert.deepEqual(readdirSync(folder), ['taken']);
  });
});
