import { describe, expect, it } from '@jest/globals';
import { Upstreams } from './upstreams.js';

const a = { node: 'a', address: 'a:1' };
const b = { node: 'b', address: 'b:1' };

describe('the servers behind a front server', () => {
  it('get the next request when they have the least to do', () => {
    const upstreams = new Upstreams([a, b]);
    const done = upstreams.begin(a);
    expect(upstreams.next(new Set())).toBe(b);
    upstreams.begin(b);
    upstreams.begin(b);
    expect(upstreams.next(new Set())).toBe(a);
    done();
    done();
    expect(upstreams.next(new Set())).toBe(a);
  });

  it('are each tried once for a request', () => {
    const upstreams = new Upstreams([a, b]);
    expect(upstreams.next(new Set(['a']))).toBe(b);
    expect(upstreams.next(new Set(['a', 'b']))).toBeUndefined();
  });

  it('are asked last for a while when they could not be reached', () => {
    let now = 1000;
    const upstreams = new Upstreams([a, b], () => now);
    upstreams.failed(a);
    upstreams.begin(b);
    expect(upstreams.next(new Set())).toBe(b);
    now += 2001;
    expect(upstreams.next(new Set())).toBe(a);
    upstreams.failed(a);
    upstreams.answered(a);
    expect(upstreams.next(new Set())).toBe(a);
  });

  it('change with the cluster, and are kept when nobody is left to ask', () => {
    const upstreams = new Upstreams([a]);
    upstreams.replace([b]);
    expect(upstreams.all).toEqual([b]);
    upstreams.replace([]);
    expect(upstreams.all).toEqual([b]);
  });
});
