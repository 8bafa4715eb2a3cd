import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FolderBlobStore } from '../libs/storage/src/blob-store.js';
import { type Contestant, report } from './frame.js';

const MB = 1024 * 1024;
const SIZE_MB = 500;

const folder = mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.upload-')); // on the project's disk: /tmp may be memory
const blobs = new FolderBlobStore(folder);

/** Another process, so that sending costs the receiver nothing but the other core. */
const CLIENT = `
  const body = require('node:crypto').randomBytes(${MB});
  const request = require('node:http').request({ port: Number(process.argv[1]), method: 'PUT', headers: { 'content-length': ${SIZE_MB * MB} } });
  request.on('response', (response) => response.resume());
  let left = ${SIZE_MB};
  const send = () => { while (left-- > 0) if (!request.write(body)) return void request.once('drain', send); request.end(); };
  send();
`;

type Receive = (body: Readable) => Promise<unknown>;

const scratch = (): string => path.join(folder, randomUUID());

const ours: Receive = async (body) => {
  const { digest } = await blobs.put(body, { maxBytes: SIZE_MB * MB });
  return blobs.remove(digest);
};

const hashWhilePiping: Receive = async (body) => {
  const file = scratch();
  const hash = createHash('sha256');
  const hashing = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(body, hashing, createWriteStream(file, { flush: true }));
  hash.digest('hex');
  rmSync(file);
};

const writeThenHash: Receive = async (body) => {
  const file = scratch();
  const hash = createHash('sha256');
  await pipeline(body, createWriteStream(file, { flush: true }));
  await pipeline(createReadStream(file), hash);
  hash.digest('hex');
  rmSync(file);
};

/** From the first byte of the body until it is hashed and on the disk. */
const contestant = (name: string, receive: Receive): Contestant => ({
  name,
  measure: async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = spawn(process.execPath, ['-e', CLIENT, String((server.address() as AddressInfo).port)], {
      stdio: 'inherit',
    });
    const [request, reply] = (await once(server, 'request')) as [IncomingMessage, { end(): void }];
    const started = performance.now();
    await receive(request);
    const seconds = (performance.now() - started) / 1000;
    reply.end();
    await once(client, 'exit');
    server.close();
    return { 'MB/s': SIZE_MB / seconds };
  },
});

try {
  await report({
    name: 'upload',
    title: `Upload of ${SIZE_MB} MB over HTTP, with SHA-256 and fsync`,
    about:
      'One PUT from another process on the same machine. The peers are what Node offers by itself: a pipeline that ' +
      'hashes on the way to the file, and a file that is hashed once it is written.',
    rounds: 7,
    contestants: [
      contestant('**OpenPRO blob store**', ours),
      contestant('stream pipeline with hash', hashWhilePiping),
      contestant('write, then hash', writeThenHash),
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
