import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from './config.js';

const DATABASE_URL = 'postgres://somewhere/openpro';
const read = (env: NodeJS.ProcessEnv) => readConfig({ DATABASE_URL, ...env }, '/openpro', '1.0.0');

describe('configuration', () => {
  it('has defaults for everything but the database', () => {
    expect(read({})).toMatchObject({ host: '127.0.0.1', port: 4600, tls: null, slots: 2 });
    expect(() => readConfig({}, '/openpro', '1.0.0')).toThrow('DATABASE_URL is missing');
  });

  it.each([
    ['OPENPRO_PORT', 'http'],
    ['OPENPRO_PORT', '70000'],
    ['OPENPRO_SLOTS', '0'],
    ['OPENPRO_SLOTS', '2.5'],
    ['OPENPRO_MEMORY_MIB', '12'],
    ['OPENPRO_BEAT_MS', '0'],
    ['OPENPRO_DEAD_MS', '5 s'],
    ['OPENPRO_LEASE_TTL_MS', '36000000'],
  ])('refuses %s=%s, naming it and the limit', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(ConfigError);
    expect(() => read({ [name]: value })).toThrow(
      new RegExp(`${name} is "${value}": it must be .* from \\d+ to \\d+`),
    );
  });

  it.each([
    [
      { OPENPRO_SUSPECT_MS: '1500' },
      'OPENPRO_SUSPECT_MS is "1500": it must be at least 2000, twice OPENPRO_BEAT_MS',
    ],
    [
      { OPENPRO_DEAD_MS: '3000' },
      'OPENPRO_DEAD_MS is "3000": it must be at least 3001, longer than OPENPRO_SUSPECT_MS',
    ],
    [{ OPENPRO_BEAT_MS: '2000' }, 'OPENPRO_SUSPECT_MS is "3000": it must be at least 4000'],
    [
      { OPENPRO_FENCE_MS: '4000' },
      'OPENPRO_FENCE_MS is "4000": it must be at least 5001, longer than OPENPRO_DEAD_MS',
    ],
    [
      { OPENPRO_LEASE_RENEW_MS: '750' },
      'OPENPRO_LEASE_TTL_MS is "1500": it must be at least 1501, more than twice OPENPRO_LEASE_RENEW_MS',
    ],
  ])('refuses times that leave no second try: %j', (env, message) => {
    expect(() => read(env)).toThrow(ConfigError);
    expect(() => read(env)).toThrow(message);
  });

  it('sends traces only when it is told where to, or to', () => {
    const traces = (env: NodeJS.ProcessEnv) => read(env).traces;
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318';
    expect(traces({})).toBeNull();
    expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT })).toEqual({ share: 1 });
    expect(traces({ OPENPRO_TRACING: '1', OTEL_TRACES_SAMPLER_ARG: '0.25' })).toEqual({ share: 0.25 });
    expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT, OPENPRO_TRACING: '0' })).toBeNull();
    expect(() => traces({ OPENPRO_TRACING: '1', OTEL_TRACES_SAMPLER_ARG: 'half' })).toThrow(
      'OTEL_TRACES_SAMPLER_ARG is "half": it must be a number from 0 to 1',
    );
  });

  it('takes no token for its metrics that could be guessed, and repeats none', () => {
    expect(read({}).metricsToken).toBeNull();
    expect(read({ OPENPRO_METRICS_TOKEN: 'x'.repeat(20) }).metricsToken).toBe('x'.repeat(20));
    for (const token of ['secret', 'with a space in the middle of it'])
      expect(() => read({ OPENPRO_METRICS_TOKEN: token })).toThrow(
        `OPENPRO_METRICS_TOKEN has ${token.length} characters: give 20 to 1000, none of them a space`,
      );
  });

  it('listens outside loopback only with TLS, or behind a proxy that does it', () => {
    expect(() => read({ OPENPRO_HOST: '0.0.0.0' })).toThrow('--behind-tls-proxy');
    expect(() => read({ OPENPRO_HOST: '::' })).toThrow(ConfigError);
    expect(read({ OPENPRO_HOST: '0.0.0.0', OPENPRO_BEHIND_TLS_PROXY: '1' }).host).toBe('0.0.0.0');
    expect(read({ OPENPRO_HOST: '::1' }).host).toBe('::1');
  });

  it('wants certificate and key together, and both to exist', () => {
    expect(() => read({ OPENPRO_TLS_CERT: 'a.pem' })).toThrow('belong together');
    expect(() => read({ OPENPRO_TLS_CERT: '/nowhere/a.pem', OPENPRO_TLS_KEY: '/nowhere/a.key' })).toThrow(
      'OPENPRO_TLS_CERT is "/nowhere/a.pem": there is no such file',
    );
  });

  it('keeps the log in PostgreSQL, or in the KurrentDB that is named', () => {
    expect(read({}).eventStore).toEqual({ is: 'postgres' });
    const kurrent = (url: string) => read({ EVENT_STORE: 'kurrent', KURRENTDB_URL: url }).eventStore;
    expect(kurrent('esdb://localhost:2113?tls=false')).toEqual({
      is: 'kurrent',
      url: 'esdb://localhost:2113?tls=false',
      prefix: 'openpro',
    });
    expect(kurrent('kurrentdb+discover://ops:p%40ss@db.example.com')).toMatchObject({
      url: 'esdb+discover://ops:p%40ss@db.example.com',
    });
    expect(kurrent('esdb://a:2113,b:2113,c:2113/?nodePreference=leader&gossipTimeout=5')).toMatchObject({
      is: 'kurrent',
    });
    expect(() => read({ EVENT_STORE: 'mongo' })).toThrow('EVENT_STORE is "mongo"');
    expect(() => read({ EVENT_STORE: 'kurrent' })).toThrow('KURRENTDB_URL is missing');
    expect(() =>
      read({ EVENT_STORE: 'kurrent', KURRENTDB_URL: 'esdb://a', KURRENTDB_PREFIX: 'a.b' }),
    ).toThrow('KURRENTDB_PREFIX is "a.b"');
  });

  it.each([
    ['postgres://ops:hidden@db', 'must look like esdb://'],
    ['esdb://ops:hid:hidden@db', 'must have user:password before the @'],
    ['esdb://ops:%hidden@db', 'must have user:password before the @'],
    ['esdb://hidden@db', 'must have user:password before the @'],
    ['esdb://ops:hidden@', 'must name hosts'],
    ['esdb://ops:hidden@db:port', 'must name hosts'],
    ['esdb://ops:hidden@db?tls=no', 'the option tls, which must be true or false'],
    [
      'esdb://ops:hidden@db?tlsCAFile=/nowhere/ca.pem',
      'tlsCAFile, which is "/nowhere/ca.pem": there is no such file',
    ],
    ['esdb://ops:hidden@db?nodePreference=follower', 'nodePreference, which must be leader'],
    ['esdb://ops:hidden@db?userKeyFile=package.json', 'userCertFile and userKeyFile both'],
    ['esdb://ops:hidden@db?toString=1', 'the option toString, which is not known'],
  ])('says what is wrong with KURRENTDB_URL, never its password: %s', (url, problem) => {
    const wrong = () => read({ EVENT_STORE: 'kurrent', KURRENTDB_URL: url });
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow(problem);
    expect(wrong).toThrow(/^((?!hidden).)*$/);
  });
});
