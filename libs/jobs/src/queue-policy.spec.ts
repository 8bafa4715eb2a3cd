import { describe, expect, it } from '@jest/globals';
import { specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { matches } from '@openpro/kernel';
import { PolicyIndex, priorityOf, quotasOf, termsOf } from './policy-index.js';
import { groupsNamedIn, type JobGroup, useOf, warningsOf } from './policy-use.js';
import {
  NO_POLICY,
  type Policy,
  queuePolicy,
  type QueuePolicyCommand,
  type QueuePolicyEvent,
} from './queue-policy.js';

const given = specFor(queuePolicy.decider);

const policy: Policy = {
  rules: [
    { user: 'ada', priority: 20 },
    { app: 'cut*', version: '1.*', group: 'user', priority: 10 },
  ],
  limits: [{ per: 'server', pattern: 'big*', running: 4 }],
  profiles: [
    {
      name: 'Gurobi',
      capacity: 4,
      memoryMiB: 8192,
      cores: 2.5,
      labels: ['gpu'],
      environment: { GRB_LICENSE_FILE: 'sealed:QUJD' },
      for: [{ user: 'ada' }, { group: 'app-*', app: 'cutting' }],
    },
  ],
  fair: true,
  quotas: [{ per: 'user', pattern: '*', jobs: 1000, coreHours: 0.5 }],
};
const set = (parts: object = policy, basedOn = 0, reason = 'for the night'): QueuePolicyCommand => ({
  type: 'SetQueuePolicy',
  policy: parts as Partial<Policy>,
  reason,
  basedOn,
});
const was = (one: Policy = policy): QueuePolicyEvent => ({
  type: 'QueuePolicySet',
  policy: one,
  reason: 'for the night',
});

describe('the policy of the queue', () => {
  it('is set as a whole, and what it does not mention is nothing', () => {
    given().when(set()).then(was());
    given()
      .when(set({ fair: true }))
      .then(was({ ...NO_POLICY, fair: true }));
  });

  it('is refused when somebody else has set another one meanwhile', () => {
    given(was()).when(set({}, 0)).thenRefused('PolicyChanged');
    given(was()).when(set({}, 2)).thenRefused('PolicyChanged', { field: 'basedOn', limit: 'version 1' });
    given(was()).when(set({}, 1)).then(was(NO_POLICY));
  });

  it('needs a reason', () => {
    given()
      .when(set(policy, 0, ' '))
      .thenRefused('BadInput', { field: 'reason', limit: '1 to 500 characters of text in one line' });
  });

  const rule = (fields: object) => ({ rules: [{ user: 'ada', priority: 1 }, fields] });
  const profile = (fields: object) => ({ profiles: [{ name: 'P', capacity: 1, ...fields }] });
  const limit = (fields: object) => ({ limits: [{ per: 'user', pattern: '*', running: 1, ...fields }] });

  it.each<[string, object, string]>([
    ['a part that nobody knows', { rule: [] }, 'rule'],
    ['rules that are no list', { rules: {} }, 'rules'],
    ['too many rules', { rules: Array(201).fill({ user: '*', priority: 1 }) }, 'rules'],
    ['a rule that is no object', { rules: [7] }, 'rules[0]'],
    ['a rule for nobody', rule({ priority: 5 }), 'rules[1]'],
    ['a rule whose pattern is empty, and so fits nothing', rule({ app: '', priority: 5 }), 'rules[1].app'],
    ['more than one * for everything', rule({ user: '**', priority: 5 }), 'rules[1].user'],
    ['a group that cannot be', rule({ group: '', priority: 5 }), 'rules[1].group'],
    ['an app that cannot be', rule({ app: 'Cutting', priority: 5 }), 'rules[1].app'],
    ['two versions', rule({ app: 'cutting:1.0.0', version: '2.*', priority: 5 }), 'rules[1].app'],
    ['a version that cannot be', rule({ version: 'new', priority: 5 }), 'rules[1].version'],
    ['a rule that is there already', rule({ user: 'ada', priority: 5 }), 'rules[1]'],
    ['a priority of 0', rule({ app: 'a', priority: 0 }), 'rules[1].priority'],
    ['a priority that is text', rule({ app: 'a', priority: '5' }), 'rules[1].priority'],
    ['a misspelt field', rule({ app: 'a', piority: 5 }), 'rules[1].piority'],
    ['a limit per nothing known', limit({ per: 'planet' }), 'limits[0].per'],
    ['a limit of less than nothing', limit({ running: -1 }), 'limits[0].running'],
    ['a limit of half a job', limit({ running: 0.5 }), 'limits[0].running'],
    ['a limit for an app that cannot be', limit({ per: 'app', pattern: 'X' }), 'limits[0].pattern'],
    ['two profiles of one name', { profiles: Array(2).fill({ name: 'P', capacity: 1 }) }, 'profiles[1]'],
    ['a profile without capacity', { profiles: [{ name: 'P' }] }, 'profiles[0].capacity'],
    ['a name that cannot be typed', profile({ name: 'a\nb' }), 'profiles[0].name'],
    ['no memory', profile({ memoryMiB: 0 }), 'profiles[0].memoryMiB'],
    ['more cores than there are', profile({ cores: 5000 }), 'profiles[0].cores'],
    ['wrong labels', profile({ labels: ['two words'] }), 'profiles[0].labels'],
    ['a profile for nobody', profile({ for: [{}] }), 'profiles[0].for[0]'],
    [
      'the platform’s own variable',
      profile({ environment: { NODE_OPTIONS: 'sealed:QQ' } }),
      'profiles[0].environment.NODE_OPTIONS',
    ],
    [
      'foreign code',
      profile({ environment: { LD_PRELOAD: 'sealed:QQ' } }),
      'profiles[0].environment.LD_PRELOAD',
    ],
    [
      'a variable that cannot be',
      profile({ environment: { 'a b': 'sealed:QQ' } }),
      'profiles[0].environment.a b',
    ],
    [
      'a secret that anybody could read',
      profile({ environment: { KEY: 'hush' } }),
      'profiles[0].environment.KEY',
    ],
    ['fairness that is text', { fair: 'yes' }, 'fair'],
    ['a quota of nothing', { quotas: [{ per: 'user', pattern: '*' }] }, 'quotas[0]'],
    [
      'text for core-hours',
      { quotas: [{ per: 'user', pattern: '*', coreHours: 'x' }] },
      'quotas[0].coreHours',
    ],
    ['a quota per app', { quotas: [{ per: 'app', pattern: '*', jobs: 1 }] }, 'quotas[0].per'],
  ])('is refused with %s', (_what, wrong, field) =>
    given().when(set(wrong)).thenRefused('BadInput', { field }),
  );

  it('never says a secret when it refuses one', () => {
    const refusal = queuePolicy.decider.decide(set(profile({ environment: { KEY: 'hush' } })), {
      version: 0,
      policy: NO_POLICY,
    });
    expect(JSON.stringify(refusal)).not.toContain('hush');
  });

  it('takes or refuses whatever is sent, and takes only what it can hold', () =>
    fc.assert(
      fc.property(fc.object({ key: fc.constantFrom(...Object.keys(policy), 'x'), maxDepth: 3 }), (sent) => {
        const outcome = queuePolicy.decider.decide(set(sent), queuePolicy.decider.initial);
        if (!('refused' in outcome))
          expect(Object.keys(policy)).toEqual(expect.arrayContaining(Object.keys(sent)));
      }),
    ));
});

describe('a pattern', () => {
  it.each([
    ['*', '', true],
    ['ada', 'ada', true],
    ['ada', 'adam', false],
    ['a*a', 'aa', true],
    ['a*a', 'a', false],
    ['*.1', '1.0.1', true],
    ['1.*.3', '1.2.2.3', true],
    ['a.c', 'abc', false],
  ])('%s fits "%s": %s', (pattern, text, fits) => expect(matches(pattern, text)).toBe(fits));

  it('says what a regular expression of the same form says', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{0,6}$/), fc.stringMatching(/^[ab]{0,8}$/), (pattern, text) =>
        expect(matches(pattern, text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)),
      ),
    ));

  it('is never slow', () => expect(matches(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false));
});

describe('what a policy makes of a job', () => {
  const ada = { ownerName: 'ada', groups: ['user'], app: 'cutting', version: '1.4.0' };
  const bob = { ...ada, ownerName: 'bob' };

  it('is the lowest priority number of the rules that fit, and 100 without one', () => {
    expect(priorityOf(policy, ada)).toBe(10);
    expect(priorityOf(policy, { ...ada, version: '2.0.0' })).toBe(20);
    expect(priorityOf(policy, { ...bob, groups: ['auditor'] })).toBe(100);
    expect(priorityOf({ ...policy, rules: [{ user: '*', priority: 5000 }] }, bob)).toBe(5000);
  });

  it('lets a repeated job have no better turn than the rules and the first one', () => {
    expect(termsOf(policy, ada, {}, 300)).toMatchObject({ priority: 300, best: 10 });
    expect(termsOf(policy, ada, {}, 1)).toMatchObject({ priority: 10 });
  });

  it('is under the lowest of the quotas that fit, each for itself', () => {
    const quotas = [
      { per: 'user', pattern: '*', jobs: 9 },
      { per: 'user', pattern: 'a*', coreHours: 5 },
      { per: 'user', pattern: 'ada', jobs: 7 },
      { per: 'group', pattern: 'user', jobs: 50 },
    ] as const;
    expect(quotasOf({ ...NO_POLICY, quotas }, ada)).toEqual([
      { per: 'user', name: 'ada', jobs: 7, coreHours: 5 },
      { per: 'group', name: 'user', jobs: 50, coreHours: Infinity },
    ]);
    expect(quotasOf(NO_POLICY, ada)).toEqual([]);
  });

  it('gives a profile to those whom it is for', () => {
    expect(termsOf(policy, ada, { profile: 'Gurobi' })).toMatchObject({ profile: 'Gurobi' });
    expect(termsOf(policy, bob, { profile: 'Gurobi' })).toMatchObject({ refused: 'NotAllowed' });
    expect(termsOf(policy, { ...bob, groups: ['app-publisher'] }, { profile: 'Gurobi' })).toMatchObject({
      profile: 'Gurobi',
    });
    expect(termsOf(policy, ada, { profile: 'Xpress' })).toMatchObject({ refused: 'NoSuchProfile' });
  });

  it('is the lowest of the limits that fit a name', () => {
    const limits = [
      { per: 'user', pattern: '*', running: 5 },
      { per: 'user', pattern: 'a*', running: 3 },
      { per: 'app', pattern: '*', running: 1 },
    ] as const;
    const index = new PolicyIndex({ ...NO_POLICY, limits });
    expect([index.most('user', 'ada'), index.most('user', 'bob'), index.most('group', 'ada')]).toEqual([
      3,
      5,
      null,
    ]);
  });
});

describe('the use of a policy', () => {
  const group: JobGroup = {
    owner: 'o1',
    ownerName: 'ada',
    groups: ['user'],
    app: 'cutting',
    version: '1.0.0',
    profile: 'Gurobi',
    server: null,
    running: false,
    count: 3,
  };
  const running = { ...group, running: true, server: 'big-1', count: 6 };

  it('counts what waits for each rule, what runs under each limit, and both for quotas', () => {
    expect(useOf(policy, [group, running])).toEqual({
      rules: [3, 3],
      limits: [[{ name: 'big-1', count: 6 }]],
      profiles: [{ running: 6, waiting: 3 }],
      quotas: [[{ name: 'ada', count: 9 }]],
      storage: [[]],
    });
    const quotas = [
      { per: 'user', pattern: 'a*', storageGiB: 1 },
      { per: 'group', pattern: 'user', storageGiB: 9 },
      { per: 'user', pattern: '*', jobs: 1 },
    ] as const;
    const MIB = 1024 * 1024;
    const keepers = [
      { ownerName: 'ada', groups: ['user'], bytes: 300.4 * MIB },
      { ownerName: 'bob', groups: ['user'], bytes: 5 * MIB },
    ];
    expect(useOf({ ...NO_POLICY, quotas }, [], keepers).storage).toEqual([
      [{ name: 'ada', count: 300 }],
      [{ name: 'user', count: 305 }],
      [],
    ]);
  });

  it('knows the groups that it names, but for those that fit a role: somebody has that', () => {
    const named: Policy = {
      ...NO_POLICY,
      rules: [
        { group: 'planners', priority: 5 },
        { group: 'user', priority: 6 },
        { user: 'ada', priority: 7 },
      ],
      limits: [
        { per: 'group', pattern: 'night*', running: 1 },
        { per: 'app', pattern: 'cutting', running: 1 },
      ],
      profiles: [{ name: 'P', capacity: 1, for: [{ group: 'rome' }, { user: 'ada' }] }],
      quotas: [
        { per: 'group', pattern: '*', jobs: 5 },
        { per: 'group', pattern: 'planners', jobs: 5 },
      ],
    };
    expect(groupsNamedIn(named)).toEqual(['planners', 'rome', 'night*']);
  });

  it('warns of what is smaller than what there is, and of a profile that is gone', () => {
    expect(
      warningsOf({ ...policy, quotas: [{ per: 'user', pattern: '*', jobs: 8 }] }, [group, running]),
    ).toEqual([
      '6 jobs of profile Gurobi run now, more than its capacity of 4: nothing is ended, and nothing new starts until fewer run',
      '6 jobs of server big-1 run now, more than the limit of 4: nothing is ended, and nothing new starts until fewer run',
      'user ada has 9 jobs, more than the quota of 8: none is ended, and no new one is taken until there are fewer',
    ]);
    expect(warningsOf(NO_POLICY, [group, running])).toEqual([
      '3 jobs wait for profile Gurobi, which is not there: until it is made again they do not start',
    ]);
    expect(warningsOf(NO_POLICY, [{ ...group, profile: null }])).toEqual([]);
  });
});
