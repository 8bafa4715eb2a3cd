import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { APP, type JobArgs, LICENSED_APP, PROFILE } from './app.js';
import { type Mutation, send } from './client.js';
import type { CommandKind, History, JobKind } from './history.js';
import type { LogWatch } from './log-watch.js';
import { random } from './plan.js';
import type { Server } from './server.js';

/** Requests on their way at once, besides those of F12. */
const SENDERS = 12;
/** Senders beside those. */
const FIRST_EXTRA = 100;
const RETRY_MS = 150;
const SHARE = { long: 0.02, short: 0.2, solve: 0.03, interrupted: 0.01, terminated: 0.01 };
/** Of the jobs, where the queue has a policy. */
const SPECIAL = { profile: 0.2, licensed: 0.2, low: 0.2 };
const LOW_PRIORITY = 500;
const DRAIN_GRACE_S = 1;
const INTERRUPTED_MS = 4000;
const WAIT_MS = 30_000;
/** Nobody submits more while so many have not ended: what waits at the end is no accident. */
const MAX_WAITING = 300;
const SESSION_EVERY_MS = 4000;
const MAX_SESSIONS = 8;

export interface DriverOptions {
  readonly servers: readonly Server[];
  readonly token: string;
  readonly history: History;
  readonly watch: LogWatch;
  readonly seed: number;
  readonly jobs: number;
  /** So long every job works; without it most of them end at once. */
  readonly ms?: number | undefined;
  /** So long without any answer it is waited for one at the end. */
  readonly patienceMs: number;
  /** Whether apps are opened, too. */
  readonly sessions: boolean;
  /** Whether jobs run under profiles, with licences, and by a schedule, too. */
  readonly policies: boolean;
}

/** Submits jobs at whichever server, and sends every command again under its id until it is answered. */
export class Driver {
  /** Jobs whose submission was acknowledged. */
  readonly acknowledged = new Set<string>();
  private readonly next: () => number;
  private submitted = 0;
  private allowed = 0;
  private over = false;
  /** Whoever has no answer by now gets none. */
  private gaveUp = false;
  private readonly ways = new Set<Promise<unknown>>();
  private readonly sessions = new Set<string>();
  private readonly scheduleId = randomUUID();

  constructor(private readonly options: DriverOptions) {
    this.next = random(options.seed ^ 0x5eed);
  }

  start(): void {
    for (let sender = 0; sender < SENDERS; sender += 1) this.keep(this.submitting(sender));
    if (this.options.sessions) this.keep(this.opening());
    if (this.options.policies) this.keep(this.schedule());
  }

  /** How far it may have come, from 0 to 1: jobs are spread over all faults. */
  allow(share: number): void {
    this.allowed = Math.ceil(share * this.options.jobs);
  }

  get left(): number {
    return this.options.jobs - this.submitted;
  }

  /** Submits what is left, ends all sessions, and waits for every answer. */
  async finish(): Promise<void> {
    const { patienceMs } = this.options;
    this.allow(1);
    let before = -1;
    for (let since = performance.now(); this.left > 0 && performance.now() - since < patienceMs;) {
      if (this.acknowledged.size !== before) since = performance.now();
      before = this.acknowledged.size;
      await delay(20);
    }
    this.over = true;
    if (this.options.policies) this.keep(this.endSchedule());
    await Promise.race([this.settled(), delay(patienceMs, undefined, { ref: false })]);
    this.gaveUp = true;
  }

  /** One more job, from so many senders at once. */
  extra(job: JobKind, { senders = 1, ms }: { senders?: number; ms?: number } = {}): string {
    const command = randomUUID();
    for (let sender = 0; sender < senders; sender += 1)
      this.keep(this.submit(command, job, FIRST_EXTRA + sender, ms));
    return command;
  }

  /** No new work for that server, and what runs there goes elsewhere; or work again. True when it was done. */
  drain(does: 'drainNode' | 'resumeNode', id: string): Promise<boolean> {
    const types = { id: 'ID!', ...(does === 'drainNode' ? { graceS: 'Int' } : {}) };
    const mutation: Mutation = { field: does, types, values: { id, graceS: DRAIN_GRACE_S }, thing: 'Node' };
    const done = this.insist(does, mutation, randomUUID(), FIRST_EXTRA, { id });
    this.keep(done);
    return done;
  }

  private async submitting(sender: number): Promise<void> {
    while (this.left > 0 && !this.gaveUp) {
      const { acknowledged, options } = this;
      if (this.submitted >= this.allowed || acknowledged.size - options.watch.ended > MAX_WAITING) {
        await delay(10);
        continue;
      }
      this.submitted += 1;
      const command = randomUUID();
      const job = this.next() < SHARE.solve ? 'solve' : 'trivial';
      const dice = this.next();
      if (dice < SHARE.interrupted) this.keep(this.interrupted(command, job, sender));
      else if ((await this.submit(command, job, sender)) && dice < SHARE.interrupted + SHARE.terminated)
        this.stop('terminateJob', command, sender);
    }
  }

  /** One that works long enough for its owner to lose patience. */
  private async interrupted(command: string, job: JobKind, sender: number): Promise<void> {
    const { watch } = this.options;
    if (!(await this.submit(command, job, sender, INTERRUPTED_MS))) return;
    await watch.until(() => watch.jobs.has(command) && watch.jobs.get(command)?.state !== 'queued', WAIT_MS);
    this.stop('interruptJob', command, sender);
  }

  private async submit(
    command: string,
    job: JobKind,
    sender: number,
    ms = this.options.ms,
  ): Promise<boolean> {
    const args = { ...argsOf(command, job, this.submitted), ...(ms === undefined ? {} : { ms }) };
    const mutation: Mutation = {
      field: 'submitJob',
      types: { input: 'SubmitJob!' },
      values: { input: { ...this.specialOf(command), procedure: 'solve', args } },
      thing: 'Job',
    };
    const done = await this.insist('submitJob', mutation, command, sender, { job });
    if (done) this.acknowledged.add(command);
    return done;
  }

  /** By its id: whoever sends the same command says the same. */
  private specialOf(command: string): {
    readonly app: string;
    readonly profile?: string;
    readonly priority?: number;
  } {
    const { profile, licensed, low } = SPECIAL;
    const dice = this.options.policies ? parseInt(command.slice(0, 8), 16) / 2 ** 32 : 1;
    if (dice < profile) return { app: APP, profile: PROFILE };
    if (dice < profile + licensed) return { app: LICENSED_APP };
    return { app: APP, ...(dice < profile + licensed + low ? { priority: LOW_PRIORITY } : {}) };
  }

  /** Every minute, whatever strikes. */
  private schedule(): Promise<boolean> {
    const job = {
      app: APP,
      procedure: 'solve',
      args: { job: 'scheduled', ms: 50, does: 'nothing', number: -1 },
    };
    const terms = { name: 'every minute', when: { cron: '* * * * *', zone: 'UTC' }, overlap: 'ALLOW' };
    const mutation: Mutation = {
      field: 'makeSchedule',
      types: { job: 'SubmitJob!', terms: 'ScheduleTerms!' },
      values: { job, terms },
      thing: 'Schedule',
    };
    return this.insist('makeSchedule', mutation, this.scheduleId, 0, {});
  }

  private endSchedule(): Promise<boolean> {
    const mutation: Mutation = {
      field: 'pauseSchedule',
      types: { id: 'ID!', reason: 'String!' },
      values: { id: this.scheduleId, reason: 'The run is over' },
      thing: 'Schedule',
    };
    return this.insist('pauseSchedule', mutation, randomUUID(), 0, {});
  }

  private stop(field: 'interruptJob' | 'terminateJob', id: string, sender: number): void {
    const mutation: Mutation = { field, types: { id: 'ID!' }, values: { id }, thing: 'Job' };
    this.keep(this.insist(field, mutation, randomUUID(), sender, { id }));
  }

  private async opening(): Promise<void> {
    for (; !this.over; await delay(SESSION_EVERY_MS * (0.5 + this.next()))) {
      for (const id of this.sessions) if (!this.options.watch.sessions.has(id)) this.sessions.delete(id);
      if (this.sessions.size >= MAX_SESSIONS) this.endSession([...this.sessions][0] ?? '');
      const command = randomUUID();
      const types = { app: 'String!' };
      const mutation: Mutation = {
        field: 'launchSession',
        types,
        values: { app: this.options.policies && this.next() < 0.5 ? LICENSED_APP : APP },
        thing: 'Session',
      };
      this.keep(
        this.insist('launchSession', mutation, command, 0, {}).then((done) => {
          if (done) this.sessions.add(command);
        }),
      );
    }
  }

  private endSession(id: string): void {
    this.sessions.delete(id);
    const mutation: Mutation = {
      field: 'endSession',
      types: { id: 'ID!' },
      values: { id },
      thing: 'Session',
    };
    this.keep(this.insist('endSession', mutation, randomUUID(), 0, { id }));
  }

  /** The same command id, at any server, until one answers. */
  private async insist(
    does: CommandKind,
    mutation: Mutation,
    command: string,
    sender: number,
    about: { readonly job?: JobKind; readonly id?: string },
  ): Promise<boolean> {
    const { history, token } = this.options;
    while (!this.gaveUp) {
      const server = this.anyServer();
      const request = { command, does, server: server.name, sender };
      history.add({ kind: 'submit', ...request, ...about });
      const answer = await send(server.url, token, mutation, command, about.id ?? command);
      switch (answer.is) {
        case 'done':
          history.add({ kind: 'ack', ...request, id: answer.id });
          return true;
        case 'refused':
          history.add({ kind: 'refused', ...request, code: answer.code });
          return false;
        case 'unknown':
          history.add({ kind: 'unknown', ...request, error: answer.error });
          await delay(RETRY_MS * (0.5 + this.next()));
      }
    }
    return false;
  }

  /** One that says it works, if there is any; it may be gone or cut off all the same. */
  private anyServer(): Server {
    const { servers } = this.options;
    const ready = servers.filter(({ isReady }) => isReady);
    const from = ready.length > 0 ? ready : servers;
    return from[Math.floor(this.next() * from.length)] as Server;
  }

  private keep(way: Promise<unknown>): void {
    this.ways.add(way);
    void way.finally(() => this.ways.delete(way));
  }

  /** A session may be opened by the last answers: then it has to be ended as well. */
  private async settled(): Promise<void> {
    while (this.ways.size > 0 || this.sessions.size > 0) {
      for (const id of [...this.sessions]) this.endSession(id);
      await Promise.all(this.ways);
    }
  }
}

/** By the command's own id, so that all who send it say the same. */
const argsOf = (command: string, job: JobKind, number: number): JobArgs => {
  const dice = parseInt(command.slice(0, 8), 16) / 2 ** 32;
  const short = Math.round((dice / SHARE.short) * 400);
  const ms =
    dice < SHARE.long ? 2000 + Math.round((dice / SHARE.long) * 4000) : dice < SHARE.short ? short : 0;
  const does = ({ trivial: 'nothing', solve: 'solve', memory: 'memory', descriptors: 'exhaust' } as const)[
    job
  ];
  return { job: command, ms, does, number };
};
