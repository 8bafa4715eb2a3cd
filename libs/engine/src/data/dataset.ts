import type { InterfaceSpec, Data } from '../sdk/app.js';
import { decodeColumns, decodeElements, encodeColumns, encodeElements } from '../wire/cols1.js';
import { EngineError } from '../wire/engine-error.js';
import type { Cell, IdentifierVersion, RejectedCell } from '../wire/protocol.js';
import type { CaseData } from './case.js';
import { parseTuple, parseValue, plainValue } from './cells.js';
import type { InterfaceDescription } from './description.js';
import { Elements } from './elements.js';
import { Table } from './table.js';
import type { Window } from './window.js';

/** Computes a derived identifier; what it returns is assigned. */
export type Derive = (data: Data<InterfaceSpec>, self: Table) => unknown;

/** Something that changes: a set or an identifier. */
interface Node {
  /** Moment of its last change, by the data's own count of changes. */
  stamp: number;
  /** Grows with each change that the platform was told of. */
  version: number;
  told: number;
}

interface Item extends Node {
  readonly table: Table;
  readonly derive?: Derive;
  /** What the last computation read, with the moments of that time. */
  reads?: Map<Node, number>;
}

interface SetItem extends Node {
  readonly elements: Elements;
}

const changing = (): Node => ({ stamp: 0, version: 1, told: 0 });

/**
 * All sets and values of one app. Derived identifiers are computed when they are read, and again only after
 * something they read has changed.
 */
export class Dataset {
  readonly #sets = new Map<string, SetItem>();
  readonly #items = new Map<string, Item>();
  #clock = 0;
  /** Derived identifiers that are being computed, innermost last. */
  readonly #computing: Item[] = [];
  /** The data as an app's author sees it. */
  readonly data: Data<InterfaceSpec>;

  constructor(
    readonly description: InterfaceDescription,
    derived: Readonly<Record<string, Derive>> = {},
  ) {
    const data: Record<string, unknown> = { sets: {} };
    for (const { name } of description.sets) {
      const elements = new Elements(name, (to, size) => this.#setMoves(name, to, size));
      this.#sets.set(name, { ...changing(), elements });
      Object.defineProperty(data.sets, name, { enumerable: true, get: () => this.#readSet(name) });
    }
    for (const one of description.identifiers) {
      const of = one.of === undefined ? undefined : this.#set(one.of).elements;
      const sets = one.domain.map((set) => this.#set(set).elements);
      const derive = Object.hasOwn(derived, one.name) ? derived[one.name] : undefined;
      const table = new Table(one, sets, of, () => this.#tableChanges(one.name));
      this.#items.set(one.name, { ...changing(), table, ...(derive ? { derive } : {}) });
      Object.defineProperty(data, one.name, { enumerable: true, get: () => this.#read(one.name) });
    }
    this.data = data as Data<InterfaceSpec>;
  }

  /** The interface with today's numbers of elements. */
  describe(): InterfaceDescription {
    const sets = this.description.sets.map((set) => ({ ...set, count: this.#set(set.name).elements.size }));
    return { ...this.description, sets };
  }

  /** @throws EngineError `UnknownIdentifier` */
  table(name: string): Table {
    return this.#read(name);
  }

  /** @throws EngineError `UnknownSet` */
  elements(name: string): Elements {
    return this.#set(name).elements;
  }

  version(name: string): number {
    return this.#item(name).version;
  }

  setVersion(name: string): number {
    return this.#set(name).version;
  }

  /** Rows `offset` up to `offset + limit` of the tuples that differ from the default; a scalar's one row always. */
  window(name: string, { offset, limit }: { offset: number; limit: number }): Window {
    const table = this.#read(name);
    const { description, sets, of } = table;
    const columns = [...sets.map((set) => set.name), name];
    const version = this.version(name);
    if (!sets.length) {
      const rows = offset > 0 || limit < 1 ? [] : [[plainValue(description, of, table.value)]];
      return { columns, rows, total: 1, version };
    }
    const positions: number[] = [];
    const rows = Array.from(table.order().subarray(offset, offset + limit), (row) => {
      const value = plainValue(description, of, table.read(row, positions));
      return [...sets.map((set, k) => set.elements[positions[k]!]!), value];
    });
    return { columns, rows, total: table.count, version };
  }

  /**
   * Sets the cells of a user; those that are wrong are left as they were and told.
   * @throws EngineError `UnknownIdentifier`, `ReadOnly`, or `VersionConflict` when the identifier has changed since `ifVersion`.
   */
  edit(name: string, cells: readonly Cell[], ifVersion?: number): RejectedCell[] {
    const { table, version } = this.#item(name);
    const { description, sets, of } = table;
    if (description.kind === 'derived' || description.readOnly)
      throw new EngineError(
        'ReadOnly',
        `${name} cannot be set: it is ${description.kind === 'derived' ? 'derived' : 'read-only'}`,
      );
    if (ifVersion !== undefined && ifVersion !== version)
      throw new EngineError(
        'VersionConflict',
        `${name} has changed: it is at version ${version}, not ${ifVersion}`,
      );
    const rejected: RejectedCell[] = [];
    for (const { tuple, value } of cells) {
      const positions = parseTuple(name, sets, tuple);
      const parsed = 'problem' in positions ? positions : parseValue(description, of, value);
      if (typeof parsed === 'object') rejected.push({ tuple, reason: parsed.problem });
      else table.set(positions as number[], parsed);
    }
    return rejected;
  }

  /** The identifiers that changed since the last call, with their new versions. */
  changes(): IdentifierVersion[] {
    const grown = (node: Node): boolean => {
      const stamp = this.#stampOf(node);
      if (stamp <= node.told) return false;
      node.told = stamp;
      node.version++;
      return true;
    };
    for (const set of this.#sets.values()) grown(set);
    return [...this.#items].flatMap(([identifier, item]) =>
      grown(item) ? { identifier, version: item.version } : [],
    );
  }

  /** Moment of the last change of anything; later changes have greater ones. */
  get now(): number {
    return this.#clock;
  }

  /** The identifiers (all but derived ones when none are named), and the sets under them that changed after `since`. */
  save(identifiers?: readonly string[], since = -1): CaseData {
    const all = [...this.#items].filter(
      ([, { derive, table }]) => !derive && table.description.kind !== 'derived',
    );
    const names = identifiers ?? all.map(([name]) => name);
    const tables = names.map((name) => this.#read(name));
    const used = new Set(tables.flatMap(({ sets, of }) => (of ? [...sets, of] : sets)));
    const sets = [...this.#sets].filter(([, set]) => used.has(set.elements) && set.stamp > since);
    return {
      sets: new Map(sets.map(([name, { elements }]) => [name, encodeElements(elements.elements)])),
      identifiers: new Map(tables.map((table) => [table.description.name, encodeColumns(table.columns())])),
    };
  }

  /**
   * Replaces the sets and identifiers that the case has; all of them or, when it throws, none.
   * @throws EngineError `UnknownIdentifier`, `UnknownSet`, `BadData`; Cols1Error.
   */
  load({ sets, identifiers }: CaseData): void {
    const undo = [
      ...[...this.#items.values()].map(({ table }) => table.keep()),
      ...[...this.#sets.values()].map(({ elements }) => elements.keep()),
    ];
    try {
      for (const [name, bytes] of sets) this.#set(name).elements.replace(decodeElements(bytes));
      for (const [name, bytes] of identifiers) {
        const { table } = this.#item(name);
        if (table.description.kind !== 'derived') table.load(decodeColumns(bytes));
      }
    } catch (error) {
      for (const back of undo) back();
      throw error;
    }
  }

  #set(name: string): SetItem {
    const set = this.#sets.get(name);
    if (!set) throw new EngineError('UnknownSet', `The app has no set ${String(name).slice(0, 100)}`);
    return set;
  }

  #item(name: string): Item {
    const item = this.#items.get(name);
    if (!item)
      throw new EngineError('UnknownIdentifier', `The app has no identifier ${String(name).slice(0, 100)}`);
    return item;
  }

  #setMoves(name: string, to: Int32Array, newSize: number): void {
    const set = this.#set(name);
    this.#mayWrite(`the set ${name}`);
    for (const item of this.#items.values()) {
      const { sets, of } = item.table;
      if (!sets.includes(set.elements) && of !== set.elements) continue;
      item.table.follow(set.elements, to, newSize);
      item.stamp = this.#clock + 1;
    }
    set.stamp = ++this.#clock;
  }

  #tableChanges(name: string): void {
    const item = this.#item(name);
    if (this.#computing.at(-1) !== item) {
      this.#mayWrite(name);
      if (item.derive)
        throw new EngineError('ModelError', `${name} is derived: only its own function writes it`);
    }
    item.stamp = ++this.#clock;
  }

  #mayWrite(what: string): void {
    const computing = this.#computing.at(-1);
    if (computing)
      throw new EngineError(
        'ModelError',
        `The function of the derived identifier ${computing.table.description.name} must not change ${what}`,
      );
  }

  #readSet(name: string): Elements {
    const set = this.#set(name);
    this.#noteRead(set);
    return set.elements;
  }

  #read(name: string): Table {
    const item = this.#item(name);
    if (this.#computing.includes(item)) {
      if (this.#computing.at(-1) !== item) this.#throwCycle(item);
    } else if (item.derive && !this.#isFresh(item)) this.#compute(item, item.derive);
    this.#noteRead(item);
    return item.table;
  }

  #noteRead(node: Node): void {
    const reader = this.#computing.at(-1);
    if (reader && reader !== node) reader.reads!.set(node, this.#stampOf(node));
  }

  #isFresh({ reads }: Item): boolean {
    return !!reads && [...reads].every(([node, stamp]) => this.#stampOf(node) === stamp);
  }

  /** A derived identifier has changed when something it reads has. */
  #stampOf(node: Node): number {
    if (!('derive' in node)) return node.stamp;
    return Math.max(0, ...[...((node as Item).reads?.keys() ?? [])].map((read) => this.#stampOf(read)));
  }

  #compute(item: Item, derive: Derive): void {
    const { table } = item;
    const { sets, of } = table;
    const own = (of ? [...sets, of] : sets).map(({ name }) => this.#set(name));
    item.reads = new Map(own.map((set) => [set, set.stamp]));
    this.#computing.push(item);
    try {
      table.clear();
      const value = derive(this.data, table);
      if (value === undefined) return;
      if (table.sets.length) table.assign(value as ArrayLike<number>);
      else table.value = value as number;
    } catch (error) {
      delete item.reads;
      throw error;
    } finally {
      this.#computing.pop();
    }
  }

  #throwCycle(item: Item): never {
    const names = [...this.#computing.slice(this.#computing.indexOf(item)), item];
    throw new EngineError(
      'ModelError',
      `A derived identifier depends on itself: ${names.map(({ table }) => table.description.name).join(' → ')}`,
    );
  }
}
