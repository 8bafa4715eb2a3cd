import { describe, expect, it } from '@jest/globals';
import type { JobEvent } from '@openpro/jobs';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { caseAggregate, type CaseEvent } from './case.js';
import { caseList } from './case-list.projection.js';
import { file, type FileCommand, type FileEvent, MAX_UPLOAD_BYTES } from './file.js';

const digest = 'd'.repeat(64);

describe('an upload', () => {
  const given = specFor(file.decider);
  const place = {
    environment: 'ROOT',
    owner: 'ada',
    kind: 'file',
    name: 'gesa2.mps',
    maxBytes: 100,
    secretHash: 's',
    expiresAt: 1000,
  } as const;
  const requested: FileEvent = { type: 'FileRequested', ...place };
  const stored: FileEvent = { type: 'FileStored', digest, size: 100 };
  const store = (change: Partial<FileCommand & { type: 'StoreFile' }> = {}): FileCommand => ({
    type: 'StoreFile',
    secretHash: 's',
    digest,
    size: 100,
    now: 999,
    ...change,
  });

  it('is asked for once and filled once', () => {
    given()
      .when({ type: 'RequestFile', ...place })
      .then(requested);
    given(requested)
      .when({ type: 'RequestFile', ...place })
      .thenRefused('UploadExists');
    given(requested).when(store()).then(stored);
    given(requested, stored).when(store()).thenRefused('AlreadyUploaded');
  });

  it('answers an unknown address and a wrong secret with the same words', () => {
    const message = 'There is no upload at this address';
    given().when(store()).thenRefused('NoSuchUpload', { message });
    given(requested)
      .when(store({ secretHash: 'x' }))
      .thenRefused('NoSuchUpload', { message });
    given(requested, stored)
      .when(store({ secretHash: 'x' }))
      .thenRefused('NoSuchUpload', { message });
  });

  it('has its time and its size', () => {
    given(requested)
      .when(store({ now: 1000 }))
      .thenRefused('UploadExpired');
    given(requested)
      .when(store({ size: 101 }))
      .thenRefused('TooLarge', { field: 'size', limit: '100 bytes' });
    given(requested)
      .when(store({ size: 0 }))
      .then({ type: 'FileStored', digest, size: 0 });
  });

  it.each([
    ['kind', { kind: 'movie' as 'file' }],
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(256) }],
    ['name', { name: 'a\u202egnp.exe' }],
    ['size', { maxBytes: -1 }],
    ['size', { maxBytes: 1.5 }],
    ['size', { maxBytes: MAX_UPLOAD_BYTES.file + 1 }],
  ])('is refused with a wrong %s: %j', (field, change) =>
    given()
      .when({ type: 'RequestFile', ...place, ...change })
      .thenRefused('BadInput', { field }),
  );

  it('may be larger for a package', () =>
    given()
      .when({ type: 'RequestFile', ...place, kind: 'engine', maxBytes: MAX_UPLOAD_BYTES.engine })
      .then({ ...requested, kind: 'engine', maxBytes: MAX_UPLOAD_BYTES.engine } as FileEvent));

  it('is removed once, and then takes nothing any more', () => {
    const stored: FileEvent = { type: 'FileStored', digest, size: 100 };
    given().when({ type: 'RemoveFile' }).thenRefused('NoSuchUpload');
    given(requested).when({ type: 'RemoveFile' }).then({ type: 'FileRemoved' });
    given(requested, stored).when({ type: 'RemoveFile' }).then({ type: 'FileRemoved' });
    given(requested, { type: 'FileRemoved' }).when({ type: 'RemoveFile' }).then();
    given(requested, { type: 'FileRemoved' }).when(store()).thenRefused('NoSuchUpload');
  });

  it('is stored at most once, never by a stranger, never too large, never late', () => {
    const attempt = fc.record({
      secretHash: fc.constantFrom('s', 'x'),
      size: fc.nat(200),
      now: fc.nat(2000),
    });
    fc.assert(
      fc.property(fc.array(attempt), (attempts) => {
        const { history } = play(file.decider, [
          { type: 'RequestFile', ...place } as const,
          ...attempts.map((change) => store(change)),
        ]);
        const fits = attempts.find(
          ({ secretHash, size, now }) => secretHash === 's' && size <= 100 && now < 1000,
        );
        expect(history.slice(1)).toStrictEqual(fits ? [{ type: 'FileStored', digest, size: fits.size }] : []);
      }),
    );
  });
});

describe('a case', () => {
  const given = specFor(caseAggregate.decider);
  const base = {
    environment: 'ROOT',
    app: 'cutting',
    version: '1.0.0',
    owner: 'ada',
    name: 'Monday',
    digest,
  };
  const saved: CaseEvent = { type: 'CaseSaved', ...base, session: 's1' };

  it('is saved once', () => {
    given()
      .when({ type: 'SaveCase', ...base, session: 's1' })
      .then(saved);
    given()
      .when({ type: 'SaveCase', ...base })
      .then({ type: 'CaseSaved', ...base });
    given(saved)
      .when({ type: 'SaveCase', ...base })
      .thenRefused('CaseExists');
    given(saved, { type: 'CaseRemoved' })
      .when({ type: 'SaveCase', ...base })
      .thenRefused('CaseExists');
  });

  it('is removed once', () => {
    given().when({ type: 'RemoveCase' }).thenRefused('NoSuchCase');
    given(saved).when({ type: 'RemoveCase' }).then({ type: 'CaseRemoved' });
    given(saved, { type: 'CaseRemoved' }).when({ type: 'RemoveCase' }).then();
  });

  it('is removed once where a job has brought it, too', () => {
    const removed: CaseEvent = { type: 'CaseRemoved', job: 'j1' };
    given().when({ type: 'RemoveCase', job: 'j1' }).then(removed);
    given(removed).when({ type: 'RemoveCase', job: 'j1' }).then();
    given(removed)
      .when({ type: 'SaveCase', ...base })
      .thenRefused('CaseExists');
  });

  it('needs a name and a digest', () => {
    given()
      .when({ type: 'SaveCase', ...base, name: ' ' })
      .thenRefused('BadInput', { field: 'name' });
    given()
      .when({ type: 'SaveCase', ...base, name: 'x'.repeat(201) })
      .thenRefused('BadInput', { field: 'name' });
    given()
      .when({ type: 'SaveCase', ...base, digest: '../x' })
      .thenRefused('BadInput', { field: 'digest' });
  });

  it('folds whatever was decided', () => {
    const command = fc.constantFrom({ type: 'SaveCase', ...base } as const, { type: 'RemoveCase' } as const);
    fc.assert(
      fc.property(fc.array(command), (commands) => {
        const { history, state } = play(caseAggregate.decider, commands);
        const record = recorder();
        const rows = project(
          caseList,
          history.map((event) => record('case-c1', event)),
        );
        expect(rows.has('c1')).toBe(state.is === 'saved');
      }),
    );
  });
});

describe('the list of cases', () => {
  const record = recorder();
  const row = { environment: 'ROOT', app: 'cutting', version: '1.0.0', owner: 'ada', digest };

  it('holds what users save until they remove it', () => {
    const saved = record('case-c1', { type: 'CaseSaved', ...row, name: 'Monday' }, { at: 5 });
    expect(project(caseList, [saved]).get('c1')).toStrictEqual({
      id: 'c1',
      ...row,
      kind: 'saved',
      name: 'Monday',
      job: null,
      created_at: 5,
    });
    expect(project(caseList, [saved, record('case-c1', { type: 'CaseRemoved' })]).size).toBe(0);
  });

  const queued = (input: string | null, description = 'Tuesday'): JobEvent => ({
    type: 'JobQueued',
    environment: 'ROOT',
    owner: 'ada',
    app: { name: 'cutting', version: '1.0.0', digest: 'a' },
    engine: { name: 'model-ts', version: '1.0.0', digest: 'e' },
    procedure: 'Solve',
    args: {},
    input,
    description,
    priority: 100,
    session: null,
    timeLimit: null,
    gap: null,
    seed: null,
  });
  const completed = (result: string | null): JobEvent => ({
    type: 'JobCompleted',
    attempt: 1,
    node: 'n1',
    nodeEpoch: 1,
    of: { environment: 'ROOT', owner: 'ada', app: 'cutting', version: '1.0.0', title: 'Tuesday' },
    outcome: 'completed',
    solverStatus: 'optimal',
    objective: 1,
    bound: 1,
    gap: 0,
    result,
    forced: false,
    statistics: {},
  });

  it("holds a job's input and result under the job's name", () => {
    const rows = project(caseList, [
      record('job-j1', queued(digest), { at: 6 }),
      record('job-j1', completed(digest), { at: 7 }),
    ]);
    expect([...rows.values()]).toStrictEqual([
      { id: 'j1:input', ...row, kind: 'input', name: 'Tuesday', job: 'j1', created_at: 6 },
      { id: 'j1:result', ...row, kind: 'result', name: 'Tuesday', job: 'j1', created_at: 7 },
    ]);
  });

  it('holds the data of a job until they are removed', () => {
    const rows = project(caseList, [
      record('job-j1', queued(digest)),
      record('job-j1', completed(digest)),
      record('case-j1:result', { type: 'CaseRemoved', job: 'j1' }),
    ]);
    expect([...rows.keys()]).toEqual(['j1:input']);
  });

  it('holds nothing of a job without input case or result', () =>
    expect(project(caseList, [record('job-j2', queued(null)), record('job-j2', completed(null))]).size).toBe(
      0,
    ));

  it('names an input without description by its procedure', () =>
    expect(project(caseList, [record('job-j3', queued(digest, ''))]).get('j3:input')?.name).toBe('Solve'));
});
