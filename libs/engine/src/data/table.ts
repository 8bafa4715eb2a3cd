import type { ByElement, Values } from '../sdk/app.js';
import { FLAGS, type Column } from '../wire/cols1.js';
import { EngineError } from '../wire/engine-error.js';
import type { IdentifierDescription } from './description.js';
import type { Elements } from './elements.js';
import { PackedIndex } from './packed-index.js';

type Value = number | boolean | string;

const NO_ELEMENT = -1;

/** Cells that `dense` may make. */
const MAX_DENSE = 50_000_000;

/**
 * Values by packed tuple. Numbers of every type lie in one Float64Array (`bool` as 0 and 1, an element as its
 * position), texts in a list. A row that holds the default counts as absent.
 */
export class Table implements Values<Value> {
  #index = new PackedIndex();
  #numbers = new Float64Array(16);
  #texts: string[] = [];
  /** Rows in the order of their tuples, without those that hold the default; made when somebody reads in order. */
  #order: Int32Array | undefined;
  #count = 0;
  readonly #isText: boolean;
  /** As it is stored. */
  readonly #default: number | string;

  constructor(
    readonly description: IdentifierDescription,
    readonly sets: readonly Elements[],
    /** Set of the values, for the type `element`. */
    readonly of: Elements | undefined,
    /** Called before each change; throws where this table must not be written. */
    private readonly changing: () => void,
  ) {
    this.#isText = description.type === 'utf8';
    const { default: value } = description;
    this.#default = typeof value === 'string' ? value : value === null ? NO_ELEMENT : Number(value);
  }

  get count(): number {
    return this.#count;
  }

  get value(): Value {
    if (this.sets.length) throw this.#wrong(`has ${this.sets.length} index sets: use get()`);
    return this.get();
  }

  set value(value: Value) {
    if (this.sets.length) throw this.#wrong(`has ${this.sets.length} index sets: use set()`);
    this.set([], value);
  }

  get(...positions: number[]): Value {
    const row = this.#index.find(this.#pack(positions));
    return this.#outward(row < 0 ? this.#default : this.#stored(row));
  }

  set(positions: readonly number[], value: Value): void {
    this.changing();
    this.#put(this.#pack(positions), this.#inward(value));
  }

  each(visit: (value: Value, ...positions: number[]) => void): void {
    const { keys } = this.#index;
    const positions = new Array<number>(this.sets.length);
    for (const row of this.order()) {
      this.#unpack(keys[row]!, positions);
      visit(this.#outward(this.#stored(row)), ...positions);
    }
  }

  dense(): Float64Array {
    if (this.#isText) throw this.#wrong('is text, which has no dense form');
    const cells = this.#cells();
    if (cells > MAX_DENSE) throw this.#wrong(`has ${cells} cells: dense() makes at most ${MAX_DENSE}`);
    const values = new Float64Array(cells).fill(this.#default as number);
    for (let row = 0; row < this.#index.count; row++) values[this.#index.keys[row]!] = this.#numbers[row]!;
    return values;
  }

  assign(values: ArrayLike<Value>): void {
    const cells = this.#cells();
    if (values.length !== cells)
      throw this.#wrong(`has ${cells} cells; ${values.length} values were assigned`);
    this.clear();
    for (let cell = 0; cell < cells; cell++) {
      const value = this.#inward(values[cell]!);
      if (value !== this.#default) this.#append(cell, value);
    }
  }

  from(values: ByElement<Value>): void {
    this.clear();
    const visit = (part: ByElement<Value>, positions: readonly number[]): void => {
      const set = this.sets[positions.length];
      if (!set) {
        if (typeof part === 'object') throw this.#wrong(`has ${this.sets.length} index sets, not more`);
        return this.set(positions, part);
      }
      if (typeof part !== 'object') throw this.#wrong(`needs an object of elements of ${set.name}`);
      for (const [element, inner] of Object.entries(part)) {
        const position = set.position(element);
        if (position < 0) throw this.#wrong(`: the set ${set.name} has no element "${element}"`);
        visit(inner, [...positions, position]);
      }
    };
    visit(values, []);
  }

  clear(): void {
    this.changing();
    this.#empty();
  }

  /** A way back to the values of now. Good as long as they are only replaced as a whole, not set one by one. */
  keep(): () => void {
    const [index, numbers, texts, order, count] = [
      this.#index,
      this.#numbers,
      this.#texts,
      this.#order,
      this.#count,
    ];
    return () => {
      this.#index = index;
      this.#numbers = numbers;
      this.#texts = texts;
      this.#order = order;
      this.#count = count;
    };
  }

  /** Rows that differ from the default, in the order of their tuples. */
  order(): Int32Array {
    if (this.#order) return this.#order;
    const { keys, ascending, count } = this.#index;
    const rows = new Int32Array(this.#count);
    for (let row = 0, at = 0; row < count; row++) if (this.#stored(row) !== this.#default) rows[at++] = row;
    if (!ascending) {
      // Sorting the keys and finding their rows takes a fifth of the time of sorting rows by their keys.
      const sorted = Float64Array.from(rows, (row) => keys[row]!).sort();
      for (let i = 0; i < rows.length; i++) rows[i] = this.#index.find(sorted[i]!);
    }
    return (this.#order = rows);
  }

  /** The value of a row that `order` gave, and its positions into `into`. */
  read(row: number, into: number[]): Value {
    this.#unpack(this.#index.keys[row]!, into);
    return this.#outward(this.#stored(row));
  }

  /** As a `cols1` table: positions, then values. */
  columns(): Column[] {
    const rows = this.order();
    const { keys } = this.#index;
    const positions = this.sets.map(() => new Int32Array(rows.length));
    let step = 1;
    for (let k = this.sets.length - 1; k >= 0; k--) {
      const { size } = this.sets[k]!;
      const into = positions[k]!;
      for (let i = 0; i < rows.length; i++) into[i] = Math.floor(keys[rows[i]!]! / step) % size;
      step *= size;
    }
    return [
      ...this.sets.map(({ name }, k): Column => ({ name, type: 'i32', set: name, values: positions[k]! })),
      this.#valueColumn(rows),
    ];
  }

  /**
   * Replaces all values by those of a `cols1` table over the same sets.
   * @throws EngineError `BadData` when it is a table of something else.
   */
  load(columns: readonly Column[]): void {
    const { type } = this.description;
    const flags = columns.find((column) => column.type === 'flags')?.values;
    const [values, ...more] = columns.slice(this.sets.length).filter((column) => column.type !== 'flags');
    const expected = type === 'bool' ? 'u8' : type;
    const domain = this.sets.map(({ name }) => name).join(' × ') || 'no set';
    const given = columns.slice(0, this.sets.length);
    const fits = given.every(
      (column, k) => column.type === 'i32' && (column.set ?? column.name) === this.sets[k]!.name,
    );
    if (!values || more.length || !fits)
      throw this.#wrong(`is a table over ${domain}; the data has other columns`, 'BadData');
    if (values.type !== expected)
      throw this.#wrong(`holds values of the type ${expected}; the data has ${values.type}`, 'BadData');
    this.clear();
    const positions = given.map((column) => column.values as Int32Array);
    for (let i = 0; i < values.values.length; i++) {
      const flag = flags?.[i] ?? FLAGS.none;
      if (flag === FLAGS.notAvailable || flag === FLAGS.undefined) continue;
      const sign = flag === FLAGS.plusInfinity ? 1 : flag === FLAGS.minusInfinity ? -1 : 0;
      const raw = values.values[i]!;
      const value = sign ? sign * Infinity : this.#inward(typeof raw === 'bigint' ? Number(raw) : raw);
      this.#load(this.#packColumns(positions, i), value);
    }
  }

  /** Follows a set that has changed: `to` maps old positions to new ones, -1 = gone. */
  follow(set: Elements, to: Int32Array, newSize: number): void {
    if (!this.sets.includes(set) && this.of !== set) return;
    const rows = this.order();
    const kept: [positions: number[], value: number | string][] = [];
    const positions: number[] = [];
    for (const row of rows) {
      this.#unpack(this.#index.keys[row]!, positions);
      const moved = positions.map((position, k) => (this.sets[k] === set ? to[position]! : position));
      const stored = this.#stored(row);
      const value = this.of === set ? (to[stored as number] ?? NO_ELEMENT) : stored;
      if (!moved.includes(-1)) kept.push([moved, value]);
    }
    this.#empty();
    const sizes = this.sets.map((one) => (one === set ? newSize : one.size));
    for (const [moved, value] of kept) this.#load(pack(moved, sizes), value);
  }

  #empty(): void {
    this.#index = new PackedIndex();
    this.#numbers = new Float64Array(16);
    this.#texts = [];
    this.#order = undefined;
    this.#count = 0;
  }

  #cells(): number {
    return this.sets.reduce((cells, { size }) => cells * size, 1);
  }

  #wrong(problem: string, code = 'ModelError'): EngineError {
    return new EngineError(code, `${this.description.name}${problem.startsWith(':') ? '' : ' '}${problem}`);
  }

  #stored(row: number): number | string {
    return this.#isText ? this.#texts[row]! : this.#numbers[row]!;
  }

  #outward(stored: number | string): Value {
    return this.description.type === 'bool' ? stored !== 0 : stored;
  }

  #inward(value: unknown): number | string {
    const { type } = this.description;
    if (type === 'utf8') {
      if (typeof value !== 'string') throw this.#wrong(`holds text; ${String(value)} is none`);
      return value;
    }
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number !== 'number' || Number.isNaN(number))
      throw this.#wrong(`holds numbers; ${typeof value === 'string' ? `"${value}"` : String(value)} is none`);
    switch (type) {
      case 'f64':
        return number;
      case 'bool':
        return number >= 0.5 ? 1 : 0;
      case 'i64':
      case 'datetime':
      case 'element': {
        const whole = Math.round(number);
        if (!Number.isSafeInteger(whole))
          throw this.#wrong(`holds whole numbers up to 2^53; ${number} is none`);
        if (this.of && (whole < NO_ELEMENT || whole >= this.of.size))
          throw this.#wrong(
            `holds positions in ${this.of.name}, which has ${this.of.size} elements; ${whole} is none`,
          );
        return whole;
      }
    }
  }

  #pack(positions: readonly number[]): number {
    const { sets } = this;
    if (positions.length !== sets.length)
      throw this.#wrong(`has ${sets.length} index sets; ${positions.length} positions were given`);
    let key = 0;
    for (let k = 0; k < sets.length; k++) key = this.#step(key, k, positions[k]!);
    return key;
  }

  #packColumns(positions: readonly Int32Array[], i: number): number {
    let key = 0;
    for (let k = 0; k < positions.length; k++) key = this.#step(key, k, positions[k]![i]!);
    return key;
  }

  #step(key: number, k: number, position: number): number {
    const { size, name } = this.sets[k]!;
    if (!(position >= 0 && position < size) || position !== Math.floor(position))
      throw this.#wrong(`: ${position} is no position in ${name}, which has ${size} elements`);
    const packed = key * size + position;
    if (packed > Number.MAX_SAFE_INTEGER) throw this.#wrong('has more than 2^53 cells');
    return packed;
  }

  #unpack(key: number, into: number[]): void {
    let rest = key;
    for (let k = this.sets.length - 1; k >= 0; k--) {
      const { size } = this.sets[k]!;
      into[k] = rest % size;
      rest = Math.floor(rest / size);
    }
  }

  #put(key: number, value: number | string): void {
    const row = this.#index.find(key);
    if (row < 0) {
      if (value !== this.#default) this.#append(key, value);
      return;
    }
    const old = this.#stored(row);
    if (old === value) return;
    this.#store(row, value);
    const change = Number(value !== this.#default) - Number(old !== this.#default);
    if (change) this.#order = undefined;
    this.#count += change;
  }

  /** Puts a value while filling an empty table: keys that ascend are new. */
  #load(key: number, value: number | string): void {
    const { count, keys, ascending } = this.#index;
    if (!(ascending && (count === 0 || key > keys[count - 1]!))) return this.#put(key, value);
    if (value !== this.#default) this.#append(key, value);
  }

  #append(key: number, value: number | string): void {
    this.#store(this.#index.append(key), value);
    this.#order = undefined;
    this.#count++;
  }

  #store(row: number, value: number | string): void {
    if (this.#isText) {
      this.#texts[row] = value as string;
      return;
    }
    if (row >= this.#numbers.length) {
      const grown = new Float64Array(Math.max(row + 1, this.#numbers.length * 2));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[row] = value as number;
  }

  #valueColumn(rows: Int32Array): Column {
    const name = 'value';
    const { type } = this.description;
    const numbers = this.#numbers;
    const bigints = (): BigInt64Array => {
      const values = new BigInt64Array(rows.length);
      for (let i = 0; i < rows.length; i++) values[i] = BigInt(numbers[rows[i]!]!);
      return values;
    };
    const fill = <T extends Float64Array | Int32Array | Uint8Array>(values: T): T => {
      for (let i = 0; i < rows.length; i++) values[i] = numbers[rows[i]!]!;
      return values;
    };
    switch (type) {
      case 'utf8':
        return { name, type, values: Array.from(rows, (row) => this.#texts[row]!) };
      case 'f64':
        return { name, type, values: fill(new Float64Array(rows.length)) };
      case 'bool':
        return { name, type: 'u8', values: fill(new Uint8Array(rows.length)) };
      case 'i64':
        return { name, type, values: bigints() };
      case 'datetime':
        return { name, type, zone: 'UTC', values: bigints() };
      case 'element':
        return { name, type, set: this.of!.name, values: fill(new Int32Array(rows.length)) };
    }
  }
}

const pack = (positions: readonly number[], sizes: readonly number[]): number =>
  positions.reduce((key, position, k) => key * sizes[k]! + position, 0);
