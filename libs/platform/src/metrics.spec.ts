import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Metrics } from './metrics.js';

const samples = async (metrics: Metrics) =>
  (await metrics.text())
    .split('\n')
    .filter((line) => line.startsWith('t_'))
    .sort();

describe('metrics', () => {
  it('are read when somebody asks', async () => {
    const metrics = new Metrics();
    let value = 1;
    metrics.gauge('t_plain', 'x', [], () => value);
    metrics.gauge('t_labelled', 'x', ['state'], () => Promise.resolve([[value, { state: `s${value}` }]]));
    metrics.total('t_total', 'x', () => value);
    expect(await samples(metrics)).toEqual(['t_labelled{state="s1"} 1', 't_plain 1', 't_total 1']);
    value = 2;
    expect(await samples(metrics)).toEqual(['t_labelled{state="s2"} 2', 't_plain 2', 't_total 2']);
  });

  it('leave out what cannot be read or is not there, and give the rest', async () => {
    const metrics = new Metrics();
    metrics.gauge('t_throws', 'x', [], () => {
      throw new Error('no');
    });
    metrics.gauge('t_rejects', 'x', [], () => Promise.reject(new Error('no')));
    metrics.gauge('t_none', 'x', ['state'], () => []);
    metrics.gauge('t_fine', 'x', [], () => 7);
    expect(await samples(metrics)).toEqual(['t_fine 7']);
  });

  it('know the pools of connections by their short names', async () => {
    const metrics = new Metrics();
    const pool = metrics.pool('log', new pg.Pool());
    expect(await metrics.text()).toContain('openpro_pg_connections{pool="log",state="used"} 0\n');
    await pool.end();
  });
});
