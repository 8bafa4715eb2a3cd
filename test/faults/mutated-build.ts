import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { failpoints } from './failpoints.js';
import type { NamedPatch } from './patch.js';

const root = process.cwd(); // npm runs there

/** Where a build's programs are. */
export interface ServerBuild {
  readonly main: string;
  readonly local: string;
  /** `node migrate.mjs <owner's url>`: brings a database up to date with this build's migrations. */
  readonly migrate: string;
  /** `node rebuild.mjs <owner's url> <name>`: see rebuild.ts. */
  readonly rebuild: string;
}

/**
 * Bundles a server with failpoints and these patches into a folder of its own, which borrows everything else from
 * this repository, whose `dist` must have been built.
 * @throws Error that names the patch which does not fit its source
 */
export const buildServer = async (
  outDir: string,
  patches: readonly NamedPatch[] = [],
): Promise<ServerBuild> => {
  const build = spawn(process.execPath, [path.join(root, 'test/faults/build.mjs')], {
    cwd: root,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  build.stdin.end(
    JSON.stringify({
      outDir,
      patches: [...failpoints, ...patches],
      inject: ['test/faults/failpoint-runtime.ts'],
      programs: {
        'server/migrate': 'test/faults/migrate.ts',
        'server/rebuild': 'test/faults/rebuild.ts',
      },
    }),
  );
  const [problems, [code]] = await Promise.all([text(build.stderr), once(build, 'exit')]);
  if (code !== 0) throw new Error(`The build failed:\n${problems.slice(0, 4000)}`);
  const at = (name: string) => path.join(outDir, 'dist/server', name);
  return {
    main: at('main.mjs'),
    local: at('local.mjs'),
    migrate: at('migrate.mjs'),
    rebuild: at('rebuild.mjs'),
  };
};
