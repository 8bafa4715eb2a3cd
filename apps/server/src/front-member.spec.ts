import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import { type Credentials, LinkError } from '@openpro/link';
import { type Behind, Cluster, VERSION } from './behind.testing.js';
import { FrontMember } from './front-member.js';
import { type Upstream, Upstreams } from './upstreams.js';

const cluster = new Cluster();
beforeAll(() => cluster.open());
afterAll(() => cluster.close());

describe('a front server as a member of the cluster', () => {
  let a: Behind;
  let b: Behind;
  let own: Credentials;
  let said: string[];
  let lists: (readonly Upstream[])[];
  let told: () => void;
  let member: FrontMember;

  /** What has been said so far, once it ends with this. */
  const heard = async (...expected: readonly string[]): Promise<void> => {
    while (said.slice(-expected.length).join() !== expected.join())
      await new Promise<void>((resolve) => (told = resolve));
  };
  const say = (what: string): void => {
    said.push(what);
    told();
  };

  /** Serves the cluster's methods there, with these answers to beats. */
  const serve = (on: Behind, name: string, beat: () => object): void => {
    const accepts = ['portal'];
    on.local.serve('cluster.join', {
      accepts,
      call: () => {
        say(`${name} join`);
        return Promise.resolve({ epoch: said.length, beatMs: 1 });
      },
    });
    on.local.serve('cluster.beat', { accepts, call: () => Promise.resolve().then(beat) });
    on.local.serve('cluster.leave', {
      accepts,
      call: () => {
        say(`${name} leave`);
        return Promise.resolve(null);
      },
    });
  };

  beforeEach(async () => {
    [a, b] = [await cluster.behind(), await cluster.behind()];
    own = await cluster.credentials(uuidv7(), ['portal']);
    said = [];
    lists = [];
    told = () => undefined;
    const about = { name: 'front-1', roles: ['portal'], version: VERSION, isolation: 'none' };
    const upstreams = new Upstreams([a, b].map(({ node, address }) => ({ node, address })));
    upstreams.begin(b); // a is asked first
    member = new FrontMember(
      about,
      own,
      upstreams,
      (servers) => lists.push(servers),
      (reason) => say(reason.replace(/ at .*: /, ': ')),
    );
  });

  afterEach(async () => {
    own.stop();
    await member.stop();
    await Promise.all([a.stop(), b.stop()]);
  });

  it('joins, learns where the others are, and says goodbye', async () => {
    const servers = [{ node: a.node, address: a.address }];
    serve(a, 'a', () => ({ known: true, servers }));
    member.start();
    await member.ready;
    expect([member.connected, said, lists[0]]).toEqual([true, ['a join'], servers]);
    await member.stop();
    expect(said).toEqual(['a join', 'a leave']);
  });

  it('joins anew when its life is over', async () => {
    let beats = 0;
    serve(a, 'a', () => ({ known: ++beats > 1, servers: [] }));
    member.start();
    await member.ready;
    expect(said).toEqual(['a join', 'a join']);
  });

  it('goes to another server with what the first one cannot do', async () => {
    serve(a, 'a', () => {
      throw new LinkError('Unavailable', 'The database is away just now');
    });
    serve(b, 'b', () => ({ known: true, servers: [] }));
    member.start();
    await member.ready;
    expect(said).toEqual(['a join', 'refused: The database is away just now']);
  });

  it('lives on through another server when its own one goes', async () => {
    const known = { known: true, servers: [] };
    serve(a, 'a', () => known);
    serve(b, 'b', () => {
      say('b beat');
      return known;
    });
    member.start();
    await member.ready;
    await a.stop();
    await heard('b beat');
    expect(said.filter((what) => what.endsWith('join'))).toEqual(['a join']); // the same life
  });
});
