import { describe, expect, it } from '@jest/globals';
import { LinkError, LinkUnavailable, LocalLink } from './link.js';

const pro = { node: 'a', roles: ['pro'] };

describe('the link of one server', () => {
  it('calls what the server itself serves', async () => {
    const link = new LocalLink(pro);
    link.serve('double', { accepts: ['pro'], call: (n) => Promise.resolve(2 * (n as number)) });
    expect(await link.call('a', 'double', 21)).toBe(42);
  });

  it('pushes messages until the listener goes', () => {
    const link = new LocalLink(pro);
    const listeners = new Set<(message: unknown) => void>();
    link.serve('news', {
      accepts: ['pro'],
      listen: (_params, push) => {
        listeners.add(push);
        return () => listeners.delete(push);
      },
    });
    const heard: unknown[] = [];
    const stop = link.listen(
      'a',
      'news',
      null,
      (message) => heard.push(message),
      () => undefined,
    );
    for (const push of listeners) push('one');
    stop();
    for (const push of listeners) push('two');
    expect(heard).toEqual(['one']);
  });

  it('answers only who has a role that the method accepts', async () => {
    const link = new LocalLink(pro);
    link.serve('secret', { accepts: ['pro'], call: () => Promise.resolve('yes') });
    const stranger = link.answer('secret', null, { node: 'b', roles: ['portal', 'proxy'] });
    await expect(stranger).rejects.toEqual(new LinkError('NotAllowed', 'secret is for servers with pro'));
    await expect(link.call('a', 'missing', null)).rejects.toBeInstanceOf(LinkError);
  });

  it('reaches no other server', async () => {
    const link = new LocalLink(pro);
    await expect(link.call('b', 'double', 1)).rejects.toBeInstanceOf(LinkUnavailable);
  });
});
