import type {
  CaseData,
  ChildOrder,
  Incumbent,
  Initialize,
  Progress,
  RunRequest,
  RunResult,
} from '@openpro/engine/sdk';

/** What the main thread asks of the solver's thread; one run at a time. */
export interface RunOrder extends Omit<RunRequest, 'input' | 'warmStart'> {
  readonly folder: string;
  readonly user: Initialize['user'];
  readonly input: CaseData | null;
  readonly warmStart: CaseData | null;
  readonly logBytes: number;
}

/** What became of the job that the thread has asked for under this number. */
export interface Submitted {
  readonly submitted: number;
  readonly job?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export type Order = { readonly load: string } | { readonly run: RunOrder } | Submitted;

export interface FinishedRun extends Omit<RunResult, 'output'> {
  readonly output: CaseData | null;
}

/** What the solver's thread tells. */
export type News =
  | { readonly is: 'ready' }
  | { readonly is: 'log'; readonly text: string }
  | { readonly is: 'progress'; readonly point: Progress }
  | { readonly is: 'incumbent'; readonly info: Incumbent; readonly outputs: CaseData }
  | { readonly is: 'submit'; readonly number: number; readonly order: ChildOrder }
  | { readonly is: 'loaded' }
  | { readonly is: 'finished'; readonly result: FinishedRun }
  | {
      readonly is: 'failed';
      readonly code: string;
      readonly message: string;
      readonly where?: string | undefined;
    };

/** What the solver's thread starts with: position 0 of `interrupt` turns 1 when the user wants the run to stop. */
export interface ThreadStart {
  readonly interrupt: Int32Array;
}
