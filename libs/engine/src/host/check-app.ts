import { unpackCase, type CaseData } from '../data/case.js';
import { checkInterface, type InterfaceDescription } from '../data/description.js';
import { EngineError } from '../wire/engine-error.js';
import { CONTRACT, type ModelProblem } from '../wire/protocol.js';
import type { EnginePool } from './engine-pool.js';
import type { InstalledEngine } from './installed.js';

export type AppCheck =
  | { readonly interface: InterfaceDescription; readonly defaultCase: CaseData | null }
  | { readonly errors: readonly ModelProblem[] };

const NOBODY = { id: '', name: '', roles: [], language: 'en', timeZone: 'UTC' } as const;
const CHECK_MS = 60_000;
const LIMITS = { memoryMiB: 1024, logBytes: 1024 ** 2, errors: 100 } as const;

/**
 * Has an engine compile an app and run its `initial()`: what is wrong with it is told when it is published.
 * @throws EngineError when the engine itself does not start.
 */
export const checkApp = async (
  pool: EnginePool,
  engine: InstalledEngine,
  appFolder: string,
): Promise<AppCheck> => {
  const process = await pool.acquire({ engine, role: 'check' });
  try {
    process.assign({ session: 'check', attempt: 0, ...LIMITS, onLog: () => undefined });
    const start = { contract: CONTRACT, role: 'check', session: 'check', attempt: 0 } as const;
    await process.request('initialize', { ...start, user: NOBODY, limits: LIMITS }, { timeoutMs: CHECK_MS });
    const { result, binary } = await process.request(
      'app.check',
      { folder: appFolder },
      { timeoutMs: CHECK_MS },
    );
    if ('errors' in result)
      return {
        errors: result.errors
          .slice(0, LIMITS.errors)
          .map((error) => ({ ...error, message: String(error.message) })),
      };
    const { defaultCase } = result;
    return {
      interface: checkInterface(result.interface),
      defaultCase: defaultCase && unpackCase(defaultCase, binary),
    };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code !== 'ConnectionClosed') return { errors: [{ message: error.message }] };
    return { errors: [{ message: (await process.exited).message }] };
  } finally {
    await process.terminate();
  }
};
