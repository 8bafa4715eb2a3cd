import { isLabel, LABEL_LIMIT, MAX_LABELS, type Refusal } from '@openpro/kernel';
import { checked, flag, list, listBy, nullable, number, object, oneOf, optional, text } from './check.js';
import { isRange, isVersion } from './version.js';

/** How the platform starts one side of an engine. */
export interface EngineEntry {
  /** `node`: run by the platform's own Node; `exec`: an executable file of the package. */
  readonly kind: 'node' | 'exec';
  /** Path inside the package. */
  readonly file: string;
  readonly transport?: 'socket' | 'stdio';
  readonly solverless?: boolean;
  /** May be started before there is work, and serve one attempt after another. */
  readonly warmPool?: boolean;
}

export interface SolverInfo {
  readonly id: string;
  readonly version: string;
  readonly license: string;
  /** Problem classes, for example LP, MIP, QP-convex. */
  readonly classes: readonly string[];
  readonly threads?: number;
  readonly memoryCapMiB?: number;
  readonly can?: readonly SolverAbility[];
}

const ABILITIES = [
  'incumbent',
  'bound',
  'progress',
  'log',
  'interrupt',
  'timeLimit',
  'warmStart',
  'iis',
] as const;
export type SolverAbility = (typeof ABILITIES)[number];

export interface EngineCapabilities {
  readonly encodings: readonly ('cols1' | 'arrow')[];
  readonly window?: boolean;
  readonly subscribe?: boolean;
  readonly derived?: boolean;
  readonly caseDelta?: boolean;
  readonly peer?: boolean;
  readonly interrupt?: 'cooperative' | 'forced';
  /** `process`: cannot answer pings while it solves, is judged by its pid and CPU time. */
  readonly heartbeat?: 'protocol' | 'process';
  readonly deterministicWithSeed?: boolean;
  readonly delegateNested?: boolean;
}

/** `engine.json` of an engine package. */
export interface EngineManifest {
  /** Version of the contract between platform and engine. */
  readonly contract: 1;
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly vendor: string;
  readonly license: string;
  /** Path of the software bill of materials in the package. */
  readonly sbom?: string;
  readonly platforms: readonly { readonly os: string; readonly arch: string }[];
  readonly requires?: {
    readonly node?: string | null;
    readonly glibc?: string | null;
    /** Scripts of the package that each node runs: work goes only where they end with 0. */
    readonly probe?: readonly string[];
  };
  readonly entry: {
    readonly data: EngineEntry;
    readonly optimization: EngineEntry;
    readonly desktop?: EngineEntry;
    readonly check?: EngineEntry;
  };
  readonly models: { readonly languages: readonly string[]; readonly extensions: readonly string[] };
  readonly solvers: readonly SolverInfo[];
  readonly capabilities: EngineCapabilities;
  readonly limits: {
    readonly maxFrameMiB: number;
    readonly startTimeoutS: number;
    readonly interruptGraceS: number;
  };
}

export interface ProcedureManifest {
  readonly name: string;
  readonly label: string;
  /** `data`: runs in the data session; `optimization`: becomes a job. */
  readonly where: 'data' | 'optimization';
  readonly text?: string;
  readonly args?: readonly { readonly name: string; readonly type: 'f64' | 'i64' | 'bool' | 'utf8' }[];
  /** Identifiers that travel to the solver; all inputs where absent. */
  readonly inputs?: readonly string[];
  /** Identifiers that travel back; all outputs where absent. */
  readonly outputs?: readonly string[];
  readonly timeLimitS?: number;
  readonly priority?: number;
  readonly solver?: string;
  readonly resources?: { readonly memoryMiB?: number; readonly cpus?: number };
}

/** `app.json` of an app package. */
export interface AppManifest {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  /** Path of a PNG image in the package. */
  readonly icon?: string;
  readonly engine: {
    readonly name: string;
    /** `*`, or versions after ^, ~, >=, >, <=, <, = or nothing; several, parted by spaces, must all hold. */
    readonly range: string;
    /** Stay on the engine version of the publish. */
    readonly pinned?: boolean;
  };
  readonly entry: {
    /** Path of the model's file in the package. */
    readonly model: string;
    readonly onOpen?: string;
    readonly onClose?: string;
    readonly defaultPage?: string;
  };
  readonly procedures: readonly ProcedureManifest[];
  readonly roles?: readonly {
    readonly name: string;
    readonly pages?: readonly string[];
    readonly identifiers?: {
      readonly edit?: readonly string[];
      readonly read?: readonly string[];
      readonly hide?: readonly string[];
    };
    readonly procedures?: readonly string[];
  }[];
  readonly data?: { readonly keep?: readonly string[]; readonly noSave?: readonly string[] };
  readonly secrets?: readonly string[];
  readonly network?: boolean;
  /** What a server must have to run the app's jobs, all of it: `gpu`, `site=berlin`. */
  readonly labels?: readonly string[];
  /** The worker profile of its jobs, where a job names no other. */
  readonly profile?: string;
  /** Name of the licence whose seats its sessions and jobs take; it must be defined before the app is published. */
  readonly licence?: string;
}

const name = text(
  64,
  (value) => /^[a-z0-9][a-z0-9-]*$/.test(value),
  'a name of 1 to 64 lower-case letters, digits and dashes that starts with a letter or digit',
);
const identifier = text(
  64,
  (value) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(value),
  'an identifier of 1 to 64 letters, digits and underscores that starts with a letter',
);
const version = text(64, isVersion, 'a version like 1.4.0 or 1.4.0-2');
const range = text(100, isRange, 'a range of versions like ^1.4.0, ~1.4.0, >=1.4.0 <2.0.0 or *');
const file = text(
  255,
  (value) => !/[\\:]/.test(value) && value.split('/').every((part) => !['', '.', '..'].includes(part)),
  'a path inside the package, with forward slashes, of at most 255 characters',
);
const identifiers = list(identifier, { max: 2000 });

const entry = object<EngineEntry>({
  kind: oneOf('node', 'exec'),
  file,
  transport: optional(oneOf('socket', 'stdio')),
  solverless: optional(flag),
  warmPool: optional(flag),
});

const engine = object<EngineManifest>({
  contract: oneOf(1),
  name,
  version,
  title: text(100),
  vendor: text(100),
  license: text(100),
  sbom: optional(file),
  platforms: list(object({ os: text(32), arch: text(32) }), { min: 1, max: 20 }),
  requires: optional(
    object<NonNullable<EngineManifest['requires']>>({
      node: optional(nullable(range)),
      glibc: optional(nullable(text(32))),
      probe: optional(list(file, { max: 10 })),
    }),
  ),
  entry: object<EngineManifest['entry']>({
    data: entry,
    optimization: entry,
    desktop: optional(entry),
    check: optional(entry),
  }),
  models: object<EngineManifest['models']>({
    languages: list(text(50), { min: 1, max: 20 }),
    extensions: list(
      text(20, (value) => /^\.[a-z0-9]+$/.test(value), 'a file extension like .ts'),
      { min: 1, max: 20 },
    ),
  }),
  solvers: listBy(
    object<SolverInfo>({
      id: name,
      version: text(64),
      license: text(100),
      classes: list(text(32), { min: 1, max: 20 }),
      threads: optional(number(1, 4096)),
      memoryCapMiB: optional(number(1, 16 * 1024 * 1024, 'MiB')),
      can: optional(list(oneOf(...ABILITIES), { max: ABILITIES.length })),
    }),
    'id',
    50,
  ),
  capabilities: object<EngineCapabilities>({
    encodings: list(oneOf('cols1', 'arrow'), { min: 1, max: 2 }),
    window: optional(flag),
    subscribe: optional(flag),
    derived: optional(flag),
    caseDelta: optional(flag),
    peer: optional(flag),
    interrupt: optional(oneOf('cooperative', 'forced')),
    heartbeat: optional(oneOf('protocol', 'process')),
    deterministicWithSeed: optional(flag),
    delegateNested: optional(flag),
  }),
  limits: object<EngineManifest['limits']>({
    maxFrameMiB: number(1, 64, 'MiB'),
    startTimeoutS: number(1, 600, 'seconds'),
    interruptGraceS: number(1, 600, 'seconds'),
  }),
});

const procedure = object<ProcedureManifest>({
  name: identifier,
  label: text(100),
  where: oneOf('data', 'optimization'),
  text: optional(text(1000)),
  args: optional(
    listBy(
      object<NonNullable<ProcedureManifest['args']>[number]>({
        name: identifier,
        type: oneOf('f64', 'i64', 'bool', 'utf8'),
      }),
      'name',
      50,
    ),
  ),
  inputs: optional(identifiers),
  outputs: optional(identifiers),
  timeLimitS: optional(number(1, 30 * 24 * 3600, 'seconds')),
  priority: optional(number(1, 1000)),
  solver: optional(name),
  resources: optional(
    object<NonNullable<ProcedureManifest['resources']>>({
      memoryMiB: optional(number(16, 16 * 1024 * 1024, 'MiB')),
      cpus: optional(number(0.1, 4096)),
    }),
  ),
});

const app = object<AppManifest>({
  name,
  version,
  title: text(100),
  description: text(1000),
  category: text(50),
  icon: optional(file),
  engine: object<AppManifest['engine']>({ name, range, pinned: optional(flag) }),
  entry: object<AppManifest['entry']>({
    model: file,
    onOpen: optional(identifier),
    onClose: optional(identifier),
    defaultPage: optional(name),
  }),
  procedures: listBy(procedure, 'name'),
  roles: optional(
    listBy(
      object<NonNullable<AppManifest['roles']>[number]>({
        name,
        pages: optional(list(name)),
        identifiers: optional(
          object({
            edit: optional(identifiers),
            read: optional(identifiers),
            hide: optional(identifiers),
          }),
        ),
        procedures: optional(list(identifier)),
      }),
      'name',
    ),
  ),
  data: optional(object({ keep: optional(identifiers), noSave: optional(identifiers) })),
  secrets: optional(list(text(100))),
  network: optional(flag),
  labels: optional(list(text(63, isLabel, LABEL_LIMIT), { max: MAX_LABELS })),
  profile: optional(text(64)),
  licence: optional(name),
});

/** Checks `engine.json`; a refusal names the field, its problem and what would be right. */
export const readEngineManifest = (bytes: Uint8Array): EngineManifest | Refusal =>
  checked('engine.json', bytes, engine);

/** Checks `app.json`; a refusal names the field, its problem and what would be right. */
export const readAppManifest = (bytes: Uint8Array): AppManifest | Refusal => checked('app.json', bytes, app);
