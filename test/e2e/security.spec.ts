import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { on, once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import WebSocket from 'ws';
import { databaseUrl } from './people.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(60_000);

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const WHO = JSON.stringify({ query: '{ me { name } }' });

describe('security', () => {
  const platform = new Platform();
  let api: Api;
  let bearer: { authorization: string };
  /** What must never stand in a file, by what it is. */
  const secrets: Record<string, string> = {};

  beforeAll(async () => {
    await platform.start();
    secrets['sign-in link'] = platform.link.split('.').at(-1) ?? '';
    api = await platform.signIn();
    bearer = { authorization: `Bearer ${api.token}` };
    secrets['bearer token'] = api.token ?? '';
  });
  afterAll(() => platform.remove());

  /** Sends exactly this: neither paths nor headers are put right on the way. */
  const send = async (
    method: string,
    address: string,
    headers: http.OutgoingHttpHeaders = {},
    body: string | Buffer = '',
  ): Promise<Answer> => {
    const { hostname, port } = new URL(platform.url);
    const request = http.request({ hostname, port, method, path: address, headers, agent: false });
    request.end(body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
  };
  const graphql = (body: string | Buffer, headers: http.OutgoingHttpHeaders = {}) =>
    send('POST', '/graphql', { ...JSON_TYPE, ...bearer, ...headers }, body);

  const newLink = async (): Promise<string> => {
    const { url } = await api.change<{ url: string }>('issueSignInLink', '', {}, '... on SignInLink { url }');
    secrets[`link ${Object.keys(secrets).length}`] = url.split('.').at(-1) ?? '';
    return url.split('#')[1] ?? '';
  };
  const signIn = (token: unknown, client = 'browser', headers: http.OutgoingHttpHeaders = JSON_TYPE) =>
    send('POST', '/api/sign-in', headers, JSON.stringify({ token, client }));
  /** A browser that is signed in: its cookie, as it sends it. */
  const browser = async (): Promise<string> => {
    const { headers } = await signIn(await newLink());
    const cookie = (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
    secrets[`cookie ${Object.keys(secrets).length}`] = cookie.split('=')[1] ?? '';
    return cookie;
  };

  /** What the server says to a websocket: the status that refuses it, or the code that ends it. */
  const socket = (headers: Record<string, string>, address = '/graphql') =>
    new WebSocket(`${platform.url.replace('http', 'ws')}${address}`, 'graphql-transport-ws', { headers });
  const refusedWith = async (ws: WebSocket): Promise<number | undefined> => {
    ws.on('error', () => undefined);
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, http.IncomingMessage];
    return response.statusCode;
  };
  const opened = async (ws: WebSocket, connectionParams: object): Promise<WebSocket> => {
    await once(ws, 'open');
    ws.send(JSON.stringify({ type: 'connection_init', payload: connectionParams }));
    return ws;
  };
  /** What it says next; nothing is missed between two calls. */
  const listenTo = (ws: WebSocket): (() => Promise<{ type: string; payload?: unknown }>) => {
    const messages = on(ws, 'message');
    return async () => JSON.parse(String(((await messages.next()).value as [Buffer])[0])) as { type: string };
  };
  const closedWith = async (ws: WebSocket): Promise<number> => ((await once(ws, 'close')) as [number])[0];

  describe('AUTH signing in', () => {
    it('works once with each link, and gives a browser a cookie that no script and no other site can use', async () => {
      const link = await newLink();
      const { status, headers, body } = await signIn(link);
      expect(status).toBe(200);
      const [cookie = ''] = headers['set-cookie'] ?? [];
      secrets['first cookie'] = /openpro=([\w-]{43});/.exec(cookie)?.[1] ?? '';
      expect(cookie).toMatch(/^openpro=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
      expect(body).not.toContain(secrets['first cookie']);
      expect(await signIn(link)).toMatchObject({
        status: 401,
        headers: expect.not.objectContaining({ 'set-cookie': expect.anything() }),
      });
    });

    it('says the same of unknown people, wrong secrets, used links and nonsense', async () => {
      const id = (await api.ask<{ me: { id: string } }>('{ me { id } }')).me.id;
      const wrong = 'x'.repeat(43);
      const used = platform.link.split('#')[1];
      const answers = await Promise.all(
        [
          `${id}.${wrong}`,
          `${randomUUID()}.${wrong}`,
          used,
          '',
          'x',
          5,
          null,
          "' OR 1=1",
          'x'.repeat(500_000),
        ].map(async (token) => {
          const { status, body } = await signIn(token);
          return { status, body };
        }),
      );
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]).toMatchObject({ status: 401, body: expect.stringContaining('LinkNotValid') });
    });

    it('takes JSON from this portal only, so that no other page can sign anybody in', async () => {
      const link = await newLink();
      const form = `token=${link}&client=browser`;
      expect(
        await send('POST', '/api/sign-in', { 'content-type': 'application/x-www-form-urlencoded' }, form),
      ).toMatchObject({ status: 415 });
      expect(await signIn(link, 'browser', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
      expect(await signIn(link, 'browser', { ...JSON_TYPE, origin: 'https://evil.example' })).toMatchObject({
        status: 403,
      });
      expect(await signIn(link, 'robot')).toMatchObject({ status: 400 });
      expect(await signIn(link, 'browser', { ...JSON_TYPE, origin: platform.url })).toMatchObject({
        status: 200,
      });
    });

    it('ends over HTTP and on the websocket with the sign-out, for this sign-in and no other', async () => {
      const [cookie, other] = [await browser(), await browser()];
      const ws = await opened(socket({ cookie, origin: platform.url }), {});
      expect(await listenTo(ws)()).toEqual({ type: 'connection_ack' });
      const closed = closedWith(ws);
      const signOut = JSON.stringify({
        query: `mutation { signOut(commandId: "${randomUUID()}") { __typename } }`,
      });
      expect((await graphql(signOut, { cookie, authorization: '' })).body).toContain('"Ok"');
      expect((await graphql(WHO, { cookie, authorization: '' })).body).toContain('UNAUTHENTICATED');
      expect(await closed).toBe(4403);
      expect(await closedWith(await opened(socket({ cookie, origin: platform.url }), {}))).toBe(4403);
      expect((await graphql(WHO, { cookie: other, authorization: '' })).body).toContain('Administrator');
    });
  });

  describe('WEB requests of other pages', () => {
    let cookie: string;
    const stateChange = () =>
      JSON.stringify({ query: `mutation { issueSignInLink(commandId: "${randomUUID()}") { __typename } }` });
    const issued = async () =>
      (
        await api.ask<{ events: { nodes: unknown[] } }>(
          '{ events(last: 200, types: ["SignInLinkIssued"]) { nodes { id } } }',
        )
      ).events.nodes.length;

    beforeAll(async () => void (cookie = await browser()));

    it.each<[string, http.OutgoingHttpHeaders]>([
      ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }],
      ['a beacon', { 'content-type': 'text/plain' }],
      ['a request without a type', {}],
      ['a page of another site', { ...JSON_TYPE, origin: 'https://evil.example' }],
      [
        'a page whose address begins like this one',
        { ...JSON_TYPE, origin: 'http://127.0.0.1.evil.example' },
      ],
      ['a page without an address', { ...JSON_TYPE, origin: 'null' }],
      ['a page on another port', { ...JSON_TYPE, origin: 'http://127.0.0.1:1' }],
    ])('change nothing with %s, although the cookie comes along', async (_what, headers) => {
      const before = await issued();
      const { status, headers: back } = await send('POST', '/graphql', { cookie, ...headers }, stateChange());
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(back['access-control-allow-origin']).toBe(undefined);
      expect(await issued()).toBe(before);
    });

    it('change nothing by GET, and are told so when they ask first', async () => {
      const before = await issued();
      const query = encodeURIComponent((JSON.parse(stateChange()) as { query: string }).query);
      expect(
        (await send('GET', `/graphql?query=${query}`, { cookie, 'apollo-require-preflight': '1' })).status,
      ).toBe(405);
      const asked = await send('OPTIONS', '/graphql', {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      });
      expect(asked.headers['access-control-allow-origin']).toBe(undefined);
      expect(await issued()).toBe(before);
    });

    it('of the portal itself work', async () => {
      const { body } = await send('POST', '/graphql', { ...JSON_TYPE, cookie, origin: platform.url }, WHO);
      expect(body).toContain('Administrator');
    });

    it('carry headers on every answer that keep pages from being framed, sniffed or extended', async () => {
      for (const [method, address, status] of [
        ['GET', '/', 200],
        ['GET', '/nothing.js', 404],
        ['POST', '/graphql', 415],
        ['GET', '/api/cases/x/y.csv', 401],
        ['GET', '/health', 200],
      ] as const) {
        const { headers, ...answer } = await send(method, address, { 'content-type': 'text/plain' });
        expect([address, answer.status]).toEqual([address, status]);
        expect(headers).toMatchObject({
          'content-security-policy': expect.stringMatching(
            /^default-src 'self'; .*frame-ancestors 'none'; base-uri 'none'; form-action 'self'$/,
          ),
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
        });
        expect(headers['content-security-policy']).not.toMatch(/script-src|unsafe-eval|\*/);
        expect(headers).not.toHaveProperty('x-powered-by');
        expect(headers).not.toHaveProperty('server');
      }
    });

    it('never put a Host header of their own into a link', async () => {
      const ask = async (query: string) => {
        const { body } = await graphql(JSON.stringify({ query }), { host: 'evil.example' });
        return (JSON.parse(body) as { data: { answer: { url: string } } }).data.answer.url;
      };
      const id = randomUUID();
      for (const query of [
        `mutation { answer: issueSignInLink(commandId: "${id}") { ... on SignInLink { url } } }`,
        `mutation { answer: requestUpload(kind: FILE, name: "x", size: 1, commandId: "${randomUUID()}") { ... on Upload { url } } }`,
      ])
        expect((await ask(query)).startsWith(`${platform.url}/`)).toBe(true);
    });

    it.each([
      '/../../package.json',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/assets/%2e%2e/%2e%2e/%2e%2e/package.json',
      '/..%5c..%5cpackage.json',
      '//etc/passwd',
      '/.git/config',
      '/package.json',
      '/index.html%00.js',
      '/%00',
      '/api/jobs/%00/log',
      '/api/cases/%00/x.csv',
      '/api/jobs/..%2f..%2f..%2fserver.json/log',
      '/API/cluster-key',
      '/graphql/..;/health',
    ])('find no file at %s', async (address) => {
      const { status, body } = await send('GET', address, bearer);
      expect(status).toBe(404);
      expect(body).not.toMatch(/"name": "openpro"|root:|\[core\]|PUBLIC KEY/);
    });

    it('find the portal at its own addresses, with versions in them', async () => {
      for (const address of [
        '/',
        '/jobs',
        `/jobs/${randomUUID()}`,
        '/launch/supply-network/1.0.0',
        '/cases/a:result?x=1',
      ])
        expect(await send('GET', address)).toMatchObject({
          status: 200,
          body: expect.stringContaining('<div id="root">'),
        });
    });
  });

  describe('WS the websocket', () => {
    it.each(['https://evil.example', 'http://127.0.0.1.evil.example', 'null'])(
      'is refused to a page of %s, with a cookie that is valid',
      async (origin) => expect(await refusedWith(socket({ cookie: await browser(), origin }))).toBe(403),
    );

    it('is at one address only', async () => {
      for (const address of ['/', '/graphql/', '/api/uploads/x', '/sign-in'])
        expect([address, await refusedWith(socket(bearer, address))]).toEqual([address, 404]);
    });

    it('is ended for who is not signed in, or asks before saying who he is', async () => {
      for (const payload of [{}, { token: 'x'.repeat(43) }, { token: 5 }])
        expect(await closedWith(await opened(socket({}), payload))).toBe(4403);
      const hasty = socket(bearer);
      await once(hasty, 'open');
      hasty.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ me { name } }' } }));
      expect(await closedWith(hasty)).toBe(4401);
    });

    it('has the limits that HTTP has', async () => {
      const ws = await opened(socket({}), { token: api.token });
      const said = listenTo(ws);
      expect(await said()).toEqual({ type: 'connection_ack' });
      const ask = async (query: string) => {
        ws.send(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload: { query } }));
        const answer = await said();
        if (answer.type === 'next') await said(); // complete
        return JSON.stringify(answer);
      };
      const aliases = Array.from({ length: 16 }, (_, at) => `a${at}: me { name }`).join(' ');
      expect(await ask(`{ ${aliases} }`)).toContain('more than 15 aliases');
      expect(await ask('{ __schema { types { name } } }')).toContain('introspection');
      expect(await ask('{ nope }')).toContain('Cannot query field');
      expect(await ask('{ jobs(first: 1000000) { nodes { id } } }')).toContain('1 to 200');
      expect(await ask('{ me { name } }')).toContain('Administrator');
      ws.send('x'.repeat(2 * 1024 * 1024));
      expect(await closedWith(ws)).toBe(1009);
    });
  });

  describe('GQL operations', () => {
    const errorOf = async (query: string): Promise<string> => {
      const { status, body } = await graphql(JSON.stringify({ query }));
      return `${status} ${(JSON.parse(body) as { errors?: { message: string }[] }).errors?.[0]?.message}`;
    };

    it('have limits of depth, aliases, directives and tokens', async () => {
      expect(await errorOf('{ jobs '.repeat(10_000))).toMatch(/^400 .*1000 tokens/);
      expect(await errorOf(`{ ${'jobs { nodes { '.repeat(5)} id ${'} }'.repeat(5)} }`)).toMatch(
        /^400 The operation has more than 8 levels/,
      );
      expect(
        await errorOf(`{ ${Array.from({ length: 16 }, (_, at) => `a${at}: me { name }`).join(' ')} }`),
      ).toBe('400 The operation has more than 15 aliases');
      expect(await errorOf(`{ me { name ${'@include(if: true) '.repeat(51)} } }`)).toMatch(/^400 /);
      expect(await errorOf(`{ me { ${'name '.repeat(1000)} } }`)).toMatch(/^400 .*1000 tokens/);
      expect(await errorOf('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).toMatch(
        /^400 Cannot spread fragment/,
      );
    });

    it('with a variable of another kind are told which', async () => {
      const { body } = await api.raw('query($first: Int) { jobs(first: $first) { nodes { id } } }', {
        first: 'many',
      });
      expect(body.errors?.[0]).toMatchObject({
        message: expect.stringMatching(/\$first.*"many"/),
        extensions: { code: expect.stringMatching(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/) },
      });
    });

    it('come one by one', async () => {
      expect(await graphql(`[${WHO},${WHO}]`)).toMatchObject({
        status: 400,
        body: expect.stringContaining('batching'),
      });
    });

    it.each(['1000000', '-1', '0', '"10"', '1.5'])('have no pages of %s', async (first) => {
      for (const list of ['jobs', 'sessions', 'cases', 'apps', 'engines', 'nodes', 'events'])
        expect(await errorOf(`{ ${list}(first: ${first}) { nodes { __typename } } }`)).toMatch(
          /1 to 200|Int cannot represent/,
        );
    });

    it('show the schema to administrators only', async () => {
      const asks = [
        '{ __schema { types { name } } }',
        '{ x: __type(name: "Job") { name } }',
        '{ ...A } fragment A on Query { __schema { queryType { name } } }',
      ];
      for (const query of asks) {
        expect((await graphql(JSON.stringify({ query }))).status).toBe(200);
        const { body } = await send('POST', '/graphql', JSON_TYPE, JSON.stringify({ query }));
        expect(body).toContain('FORBIDDEN');
        expect(body).not.toContain('"data":{');
      }
    });

    it.each<[string, http.OutgoingHttpHeaders, string | Buffer, number]>([
      ['charset cp037', { 'content-type': 'application/json; charset=cp037' }, WHO, 415],
      ['charset utf-7', { 'content-type': 'application/json; charset=utf-7' }, WHO, 415],
      [
        'charset utf-16',
        { 'content-type': 'application/json; charset=utf-16' },
        Buffer.from(WHO, 'utf16le'),
        415,
      ],
      ['UTF-16 called UTF-8', JSON_TYPE, Buffer.from(WHO, 'utf16le'), 400],
      ['gzip', { 'content-encoding': 'gzip' }, gzipSync(WHO), 415],
      ['a gzip bomb', { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(50_000_000)), 415],
      [
        '3 MB',
        {},
        JSON.stringify({ query: '{ me { name } }', variables: { x: 'x'.repeat(3_000_000) } }),
        413,
      ],
      ['half a JSON', {}, '{"query":', 400],
      ['null', {}, 'null', 400],
      ['a list', {}, '[]', 400],
      ['a prototype', {}, `{"__proto__":{"admin":true},${WHO.slice(1)}`, 400],
      ['UTF-8', { 'content-type': 'application/json; charset=UTF-8' }, WHO, 200],
    ])('with the body %s get their status', async (_what, headers, body, status) => {
      expect((await graphql(body, headers)).status).toBe(status);
    });

    it('with hostile text in any variable are refused or find nothing, and never break the server', async () => {
      const hostile = [
        "'; DROP TABLE job_list; --",
        '*)(uid=*))(|(uid=*',
        '../../../etc/passwd',
        'a\r\n{"level":"error","message":"forged"}',
        '\u202egnp.exe',
        '\ud800',
        'x\0y',
        '__proto__',
        '${7*7}{{7*7}}',
        '%s%n',
        'x'.repeat(100_000),
      ];
      const uses = [
        'query($x: ID!) { job(id: $x) { id } session(id: $x) { id } case(id: $x) { id } }',
        'query($x: String!) { app(name: $x) { name } engine(name: $x, version: $x) { id } apps(search: $x, after: $x) { nodes { name } } }',
        'query($x: ID!, $y: String!) { jobs(filter: { owner: $x, session: $x, app: $y, search: $y }) { nodes { id } } }',
        'query($y: String!) { cases(app: $y, kind: $y) { nodes { id } } events(stream: $y, types: [$y]) { nodes { id } } }',
        'mutation($x: ID!, $y: String!, $z: JSON) { submitJob(input: { app: $y, version: $y, procedure: $y, args: $z, description: $y }, commandId: $x) { __typename } }',
        'mutation($y: String!, $id: ID!) { launchSession(app: $y, version: $y, commandId: $id) { __typename } }',
        'mutation($x: ID!, $y: String!, $id: ID!) { setData(session: $x, identifier: $y, cells: [{ tuple: [$y] }], commandId: $id) { __typename } }',
        'mutation($y: String!, $id: ID!) { trustKey(publicKey: $y, name: $y, commandId: $id) { __typename } }',
        'mutation($y: String!, $id: ID!) { requestUpload(kind: FILE, name: $y, size: 1, commandId: $id) { __typename } }',
        'mutation($y: String!, $id: ID!) { hideApp(name: $y, version: $y, hidden: true, commandId: $id) { __typename } }',
      ];
      for (const query of uses)
        for (const value of hostile) {
          const { status, body } = await api.raw(query, {
            x: value,
            y: value,
            z: { [value]: value },
            id: randomUUID(),
          });
          const codes = (body.errors ?? []).map(({ extensions }) => extensions['code']);
          expect([query, value.slice(0, 50), status < 500, codes.includes('INTERNAL_SERVER_ERROR')]).toEqual([
            query,
            value.slice(0, 50),
            true,
            false,
          ]);
        }
    });
  });

  describe('SEC secrets', () => {
    const asApp = async <T>(use: (client: pg.Client) => Promise<T>): Promise<T> => {
      const client = new pg.Client({ connectionString: databaseUrl(platform, 'openpro_app') });
      await client.connect();
      try {
        return await use(client);
      } finally {
        await client.end();
      }
    };

    it('stand in no file: no log, no event, no table, no command line', async () => {
      const { url } = await api.change<{ url: string }>(
        'requestUpload',
        '$kind: UploadKind!, $name: String!, $size: Float!',
        { kind: 'FILE', name: 'x', size: 3 },
        '... on Upload { url }',
      );
      secrets['upload'] = new URL(url).searchParams.get('secret') ?? '';
      // Those of failed requests as well.
      await signIn(`${randomUUID()}.${(secrets['guess'] = randomBytes(32).toString('base64url'))}`);
      await fetch(`${url}x`, {
        method: 'PUT',
        body: 'abc',
        headers: { 'content-type': 'application/octet-stream' },
      });
      await fetch(url, {
        method: 'PUT',
        body: 'abc',
        headers: { 'content-type': 'application/octet-stream' },
      });
      await asApp((client) => client.query('SELECT pg_sleep(0)')); // answered after all that was committed before

      expect(Object.keys(secrets).length).toBeGreaterThan(6);
      for (const [what, secret] of Object.entries(secrets)) {
        expect([what, secret]).toEqual([what, expect.stringMatching(/^[\w-]{43}$/)]);
        const { stdout } = spawnSync('grep', ['-rlaF', '--', secret, platform.dataDir], { encoding: 'utf8' });
        expect([what, stdout]).toEqual([what, '']);
      }
      const { stdout: commands } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
      for (const [what, secret] of Object.entries(secrets))
        expect([what, commands.includes(secret)]).toEqual([what, false]);
    });

    it('can be found by this test: the file for the command line has its link', () => {
      const file = path.join(platform.dataDir, 'cli-link');
      const secret = readFileSync(file, 'utf8').trim().split('.').at(-1) ?? '';
      const { stdout } = spawnSync('grep', ['-rlaF', '--', secret, platform.dataDir], { encoding: 'utf8' });
      expect(stdout.trim()).toBe(file);
    });

    it.each([
      "UPDATE event_log SET body = '{}'",
      'DELETE FROM event_log',
      'TRUNCATE event_log',
      "INSERT INTO event_log VALUES (1, 's', 1, 0, '{}', '')",
      'UPDATE event_log_head SET position = 0',
      'DROP TABLE event_log',
      'ALTER TABLE event_log DROP COLUMN hash',
      'CREATE OR REPLACE FUNCTION append_events() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      'SET ROLE openpro_owner',
      "COPY event_log TO PROGRAM 'cat'",
    ])('of the past are safe from the running program: %s', async (sql) => {
      await expect(asApp((client) => client.query(sql))).rejects.toMatchObject({
        code: expect.stringMatching(/^42501$|^42P13$/),
      });
    });

    it('of logs stay one line each, whatever was asked', () => {
      const lines = readFileSync(path.join(platform.dataDir, 'logs/server.log'), 'utf8').split('\n');
      lines.pop(); // empty, or still being written
      for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
      expect(lines.filter((line) => line.includes('"forged"') && !line.includes('\\"forged'))).toEqual([]);
    });
  });
});
