import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import fc from 'fast-check';
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packApp, readAppPackage, unpackApp, type AppPackage } from './app-package.js';
import {
  decrypted,
  newDataKey,
  SegmentCipher,
  SEGMENT_BYTES,
  TAG_BYTES,
  unwrapKey,
  wrapKey,
} from './app-cipher.js';
import { generateKeyPair, keyId } from './keys.js';
import { appFiles, appManifest, folderWith } from './package.testing.js';
import { memorySource } from './zip.testing.js';

const publisher = generateKeyPair('signing');
const publisherId = keyId(publisher.publicKey);
const cluster = generateKeyPair('cluster');
const here = {
  trusted: (id: string) => (id === publisherId ? publisher.publicKey : undefined),
  clusterPrivateKey: cluster.privateKey,
};

let place: Awaited<ReturnType<typeof folderWith>>;
let good: AppPackage;
let bytes: Buffer;

const pack = async (files: Readonly<Record<string, string | Buffer>>, name = 'out.app') => {
  const source = await folderWith(files);
  try {
    const keys = { signKey: publisher.privateKey, clusterPublicKey: cluster.publicKey };
    return await packApp(source.folder, path.join(place.folder, name), keys);
  } finally {
    await source.remove();
  }
};

const read = async (content: Buffer) => {
  const file = path.join(place.folder, 'read.app');
  await writeFile(file, content);
  return readAppPackage(file, here);
};

const headerOf = (content: Buffer): Record<string, unknown> =>
  JSON.parse(content.toString('utf8', 12, 12 + content.readUInt32BE(8))) as Record<string, unknown>;

/** The package with another header, signed by the publisher: what only a broken or hostile publisher makes. */
const signedWith = (header: object, payload = bytes.subarray(12 + bytes.readUInt32BE(8), -64)): Buffer => {
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.concat([bytes.subarray(0, 8), Buffer.alloc(4), json]);
  start.writeUInt32BE(json.length, 8);
  return Buffer.concat([start, payload, sign(null, start, publisher.privateKey)]);
};

beforeAll(async () => {
  place = await folderWith();
  const packed = await pack(appFiles);
  if (isRefusal(packed)) throw new Error(packed.message);
  good = packed;
  bytes = await readFile(good.file);
});
afterAll(() => place.remove());

describe('an app package', () => {
  it('is packed, verified and unpacked, every file as it was', async () => {
    const outcome = await read(bytes);
    expect(outcome).toMatchObject({
      manifest: appManifest,
      keyId: publisherId,
      digest: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length,
    });
    if (isRefusal(outcome)) return;
    const folder = path.join(place.folder, 'unpacked');
    await unpackApp(outcome, folder);
    for (const [name, content] of Object.entries(appFiles))
      expect(await readFile(path.join(folder, name), 'utf8')).toBe(content);
  });

  it('shows its name, version, engine and publisher, and nothing of its content', () => {
    expect(headerOf(bytes)).toMatchObject({
      name: 'supply-network',
      version: '1.0.0',
      engine: appManifest.engine,
      publisher: publisherId,
      cluster: keyId(cluster.publicKey),
    });
    expect(bytes.includes('population')).toBe(false);
    expect(bytes.includes('warehouses')).toBe(false);
  });

  it('is other bytes each time it is packed, by a new data key', async () => {
    const again = await pack(appFiles, 'again.app');
    expect(again).toMatchObject({ manifest: appManifest });
    expect(again).not.toMatchObject({ digest: good.digest });
  });

  it('may hold more than one segment', async () => {
    const large = randomBytes(2 * SEGMENT_BYTES + 777);
    const packed = await pack({ ...appFiles, 'data/large.bin': large }, 'large.app');
    if (isRefusal(packed)) throw new Error(packed.message);
    await unpackApp(packed, path.join(place.folder, 'large'));
    expect((await readFile(path.join(place.folder, 'large/data/large.bin'))).equals(large)).toBe(true);
  });

  it('is refused when any byte changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const altered = Buffer.from(bytes);
        altered[at] = altered[at]! ^ by;
        expect(isRefusal(await read(altered))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, () => Buffer]>([
    ['cut off', () => bytes.subarray(0, -1)],
    ['cut to its header', () => bytes.subarray(0, 200)],
    ['empty', () => Buffer.alloc(0)],
    ['a zip', () => Buffer.from('PK\x03\x04'.padEnd(500))],
    ['longer by a byte', () => Buffer.concat([bytes, Buffer.alloc(1)])],
  ])('is refused when it is %s', async (_, content) => {
    expect(isRefusal(await read(content()))).toBe(true);
  });

  it('is refused with a header that claims to be huge', async () => {
    const altered = Buffer.from(bytes);
    altered.writeUInt32BE(0xfffffff0, 8);
    expect(await read(altered)).toMatchObject({
      refused: 'BadPackage',
      message: 'The header of the package has 4294967280 bytes.',
    });
  });
});

describe('SIG the signature of an app package', () => {
  it('is refused by a key that nobody trusts here', async () => {
    expect(await readAppPackage(good.file, { ...here, trusted: () => undefined })).toMatchObject({
      refused: 'NotTrusted',
      message: `The package is signed with the key ${publisherId}, which is not trusted here.`,
    });
  });

  it('is refused when another key made it', async () => {
    expect(
      await readAppPackage(good.file, { ...here, trusted: () => generateKeyPair('signing').publicKey }),
    ).toMatchObject({ refused: 'NotTrusted' });
  });

  it('passes on the trouble of whoever is asked for keys', async () => {
    const trusted = async () => Promise.reject(new Error('database is away'));
    await expect(readAppPackage(good.file, { ...here, trusted })).rejects.toThrow('database is away');
  });

  it.each<[string, object, object]>([
    ['another name than the manifest', { name: 'other' }, { refused: 'BadManifest', field: 'name' }],
    ['another version than the manifest', { version: '9.9.9' }, { refused: 'BadManifest', field: 'name' }],
    [
      'another engine range than the manifest',
      { engine: { name: 'tiny', range: '*' } },
      { refused: 'BadManifest', field: 'engine' },
    ],
    ['another format', { format: 2 }, { refused: 'BadManifest', field: 'format', limit: 'one of 1' }],
    [
      'another digest than its payload',
      { payload: { bytes: 100, sha256: '0'.repeat(64) } },
      { refused: 'BadPackage' },
    ],
    [
      'a data key that does not unwrap',
      {
        key: {
          ephemeral: Buffer.alloc(32, 9).toString('base64'),
          wrapped: Buffer.alloc(48).toString('base64'),
        },
      },
      { refused: 'BadPackage' },
    ],
    [
      'a key of no order',
      {
        key: { ephemeral: Buffer.alloc(32).toString('base64'), wrapped: Buffer.alloc(48).toString('base64') },
      },
      { refused: 'BadPackage' },
    ],
  ])('does not help a header with %s', async (_, change, expected) => {
    expect(await read(signedWith({ ...headerOf(bytes), ...change }))).toMatchObject(expected);
    expect(await read(signedWith(headerOf(bytes)))).toMatchObject({ manifest: appManifest });
  });

  it.each([-1, 1])('does not help a payload of another length than its header says (%i)', async (more) => {
    const shown = headerOf(bytes).payload as { bytes: number };
    const other = signedWith({ ...headerOf(bytes), payload: { ...shown, bytes: shown.bytes + more } });
    expect(await read(other)).toMatchObject({
      refused: 'BadPackage',
      message: 'The payload of the package is cut off, or data was added.',
    });
  });

  it('does not help another payload of the same length', async () => {
    const payload = Buffer.from(bytes.subarray(12 + bytes.readUInt32BE(8), -64));
    payload[50] = payload[50]! ^ 1;
    const shown = { bytes: payload.length, sha256: createHash('sha256').update(payload).digest('hex') };
    expect(await read(signedWith(headerOf(bytes), payload))).toMatchObject({
      message: 'The payload of the package is not the one that was signed.',
    });
    expect(await read(signedWith({ ...headerOf(bytes), payload: shown }, payload))).toMatchObject({
      refused: 'BadPackage',
      message: expect.stringMatching(/damaged/),
    });
  });
});

describe('the key of an app package', () => {
  it('opens it in its own cluster only', async () => {
    const other = generateKeyPair('cluster');
    expect(await readAppPackage(good.file, { ...here, clusterPrivateKey: other.privateKey })).toMatchObject({
      refused: 'BadPackage',
      limit: `packed for ${keyId(other.publicKey)}`,
    });
  });

  it('is wrapped for one cluster, differently each time', () => {
    const key = newDataKey();
    const wrapped = wrapKey(key, cluster.publicKey);
    expect(unwrapKey(wrapped, cluster.privateKey).equals(key)).toBe(true);
    expect(wrapKey(key, cluster.publicKey)).not.toEqual(wrapped);
    expect(() => unwrapKey(wrapped, generateKeyPair('cluster').privateKey)).toThrow();
    expect(() =>
      unwrapKey({ ...wrapped, ephemeral: wrapKey(key, cluster.publicKey).ephemeral }, cluster.privateKey),
    ).toThrow();
  });
});

describe('the format of a wrapped key', () => {
  it('is that of the first release: packages of then open for ever', () => {
    // Keys made for this test and used nowhere else.
    const key = 'MC4CAQAwBQYDK2VuBCIEINjg6JqDDxURdkjNnOazVafwwa4CZQ1eyXAdNXj5h/ZZ';
    const wrapped = {
      ephemeral: 'pZRjb+FFZyXvZyQoD2LOjbGNJ314RYPLRrb7BNHyS1c=',
      wrapped: 'ORPuvbopvi3cO6ulnjGQwuYeEN76EbHV0jIOtd359gmJBG17csFr0sE4wGk4EDmY',
    };
    const privateKey = createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' });
    expect(unwrapKey(wrapped, privateKey).export().toString('hex')).toBe(
      '389519a9efff14c54eeac4b1136cf849afea63830e72b401c5c3e87e6ce1bfd1',
    );
  });
});

describe('the segments of a payload', () => {
  const SEGMENT = SEGMENT_BYTES + TAG_BYTES;
  const key = newDataKey();
  const encrypt = async (plain: Buffer, piece = 700_001): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    const cipher = new SegmentCipher(key, async (part) => void parts.push(part));
    for (let at = 0; at < plain.length; at += piece) await cipher.write(plain.subarray(at, at + piece));
    await cipher.end();
    return Buffer.concat(parts);
  };
  const decrypt = async (bytes: Buffer): Promise<Buffer> => {
    const source = decrypted(memorySource(bytes), key);
    return source.read(0, source.size);
  };
  const plain = randomBytes(3 * SEGMENT_BYTES + 5);

  it.each([0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES])(
    'hold %i bytes',
    async (length) => {
      expect(
        (await decrypt(await encrypt(plain.subarray(0, length)))).equals(plain.subarray(0, length)),
      ).toBe(true);
    },
  );

  it('are read from any place', async () => {
    const source = decrypted(memorySource(await encrypt(plain)), key);
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length), fc.nat(2 * SEGMENT_BYTES), async (at, wanted) => {
        const length = Math.min(wanted, plain.length - at);
        expect((await source.read(at, length)).equals(plain.subarray(at, at + length))).toBe(true);
      }),
      { numRuns: 30 },
    );
    await expect(source.read(plain.length, 1)).rejects.toThrow(RangeError);
  });

  it.each<[string, (all: Buffer) => Buffer]>([
    [
      'swapped',
      (all) =>
        Buffer.concat([
          all.subarray(SEGMENT, 2 * SEGMENT),
          all.subarray(0, SEGMENT),
          all.subarray(2 * SEGMENT),
        ]),
    ],
    ['dropped', (all) => all.subarray(SEGMENT)],
    ['repeated', (all) => Buffer.concat([all.subarray(0, SEGMENT), all])],
    ['cut off after a whole one', (all) => all.subarray(0, 2 * SEGMENT)],
    ['cut off within one', (all) => all.subarray(0, 2 * SEGMENT + 100)],
    ['cut off within a tag', (all) => all.subarray(0, 2 * SEGMENT + 7)],
    [
      'altered',
      (all) => Buffer.concat([all.subarray(0, 99), Buffer.from([all[99]! ^ 1]), all.subarray(100)]),
    ],
  ])('do not decrypt when they are %s', async (_, change) => {
    const all = await encrypt(plain);
    await expect(decrypt(all).then((back) => back.equals(plain))).resolves.toBe(true);
    await expect((async () => decrypt(change(all)))()).rejects.toThrow();
  });
});

describe('PKG-21 the icon of an app', () => {
  const chunk = (type: string, data: Buffer): Buffer => {
    const bytes = Buffer.alloc(12 + data.length);
    bytes.writeUInt32BE(data.length);
    bytes.write(type, 4, 'latin1');
    data.copy(bytes, 8);
    return bytes;
  };
  const png = (width: number, height: number, ...more: Buffer[]): Buffer => {
    const ihdr = Buffer.alloc(13);
    ihdr.writeUInt32BE(width, 0);
    ihdr.writeUInt32BE(height, 4);
    return Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      chunk('IHDR', ihdr),
      ...more,
      chunk('IDAT', Buffer.alloc(10)),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  };
  const withIcon = (icon: Buffer | string, name = 'icon.png') =>
    pack(
      { ...appFiles, 'app.json': JSON.stringify({ ...appManifest, icon: name }), 'icon.png': icon },
      'icon.app',
    );

  it.each<[string, Buffer | string, RegExp]>([
    ['50,000 x 50,000 pixels', png(50_000, 50_000), /at most 1024 x 1024 pixels/],
    ['no pixels', png(0, 10), /pixels/],
    ['an animation', png(64, 64, chunk('acTL', Buffer.alloc(8))), /one still image/],
    [
      'an SVG with an entity',
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "y">]><svg>&x;</svg>',
      /a PNG image/,
    ],
    ['a GIF', 'GIF89a', /a PNG image/],
    ['257 KiB', png(64, 64, chunk('tEXt', Buffer.alloc(257 * 1024))), /at most 262144 bytes/],
  ])('is refused with %s', async (_, icon, limit) => {
    expect(await withIcon(icon)).toMatchObject({ limit: expect.stringMatching(limit) });
    expect(await readdir(place.folder)).not.toContain('icon.app');
  });

  it('is refused when it is not there, and allowed as a small PNG', async () => {
    expect(await withIcon(png(64, 64), 'other.png')).toMatchObject({ refused: 'BadManifest', field: 'icon' });
    expect(await withIcon(png(64, 64))).toMatchObject({ manifest: { icon: 'icon.png' } });
    expect(await withIcon(png(1024, 1024))).toMatchObject({ manifest: { icon: 'icon.png' } });
  });
});

describe('a folder that is no app', () => {
  it.each<[string, Record<string, string>, object]>([
    ['without a manifest', { 'model/main.mjs': '' }, { refused: 'BadPackage', limit: 'a manifest' }],
    ['with a manifest that is no JSON', { ...appFiles, 'app.json': '{' }, { refused: 'BadManifest' }],
    [
      'without its model',
      { 'app.json': appFiles['app.json'] },
      { refused: 'BadManifest', field: 'entry.model' },
    ],
    ['with a forbidden name', { ...appFiles, 'aux.txt': '' }, { refused: 'BadPackage' }],
  ])('is refused %s, and leaves no package', async (_, files, expected) => {
    expect(await pack(files, 'none.app')).toMatchObject(expected);
    expect((await readdir(place.folder)).filter((name) => name.startsWith('none.app'))).toEqual([]);
  });
});

describe('PKG-23 an app package that changes after it was verified', () => {
  it('is not unpacked, and nothing of it stays', async () => {
    const file = path.join(place.folder, 'later.app');
    await writeFile(file, bytes);
    const verified = await readAppPackage(file, here);
    if (isRefusal(verified)) throw new Error(verified.message);
    const other = await pack({ ...appFiles, 'model/main.mjs': 'export default 1;' }, 'later.app');
    expect(isRefusal(other)).toBe(false);
    const folder = path.join(place.folder, 'later');
    await expect(unpackApp(verified, folder)).rejects.toMatchObject({ name: 'PackageAltered' });
    expect((await readdir(place.folder)).filter((name) => name.startsWith('later'))).toEqual(['later.app']);
    await writeFile(file, bytes);
    await unpackApp(verified, folder);
    expect(await readFile(path.join(folder, 'model/main.mjs'), 'utf8')).toBe(appFiles['model/main.mjs']);
  });
});
