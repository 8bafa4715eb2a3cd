import {
  EngineError,
  type Mip,
  type Row,
  type Solution,
  type VariableOptions,
  type Variables,
} from '@openpro/engine/sdk';
import type { Highs, ModelData, VariableType } from 'highs';

const DOMAIN: Record<NonNullable<VariableOptions['domain']>, VariableType> = {
  continuous: 0,
  integer: 1,
  binary: 1,
};

/** A list of numbers that grows in place. */
class Grown<T extends Float64Array | Int32Array> {
  length = 0;

  constructor(private array: T) {}

  push(value: number): void {
    this.reserve(1);
    this.array[this.length++] = value;
  }

  reserve(more: number): void {
    if (this.length + more <= this.array.length) return;
    const grown = new (this.array.constructor as new (length: number) => T)(
      Math.max(this.length + more, this.array.length * 2),
    );
    grown.set(this.array);
    this.array = grown;
  }

  fill(count: number, values: number | ArrayLike<number>, what: string): void {
    this.reserve(count);
    if (typeof values === 'number') this.array.fill(values, this.length, this.length + count);
    else if (values.length === count) this.array.set(values, this.length);
    else throw new EngineError('ModelError', `${what} has ${values.length} numbers for ${count} variables`);
    this.length += count;
  }

  get(index: number): number {
    return this.array[index]!;
  }

  add(index: number, value: number): void {
    this.array[index]! += value;
  }

  set(index: number, value: number): void {
    this.array[index] = value;
  }

  done(): T {
    return this.array.subarray(0, this.length) as T;
  }
}

const doubles = (): Grown<Float64Array> => new Grown(new Float64Array(64));
const integers = (): Grown<Int32Array> => new Grown(new Int32Array(64));

interface Block {
  readonly first: number;
  readonly count: number;
}

/** Where the columns of a model are, to name and find them in a solution. */
export interface Blocks {
  columns(): string[];
  find(name: string): Block | undefined;
}

/** What the model is solved with. */
export type SolveModel = (
  model: ModelData,
  start: Float64Array | undefined,
  blocks: Blocks,
) => Promise<Solution>;

/** Builds a model row by row into the arrays that the solver takes. */
export class MipBuilder implements Mip, Row {
  readonly #blocks = new Map<string, Block>();
  readonly #lower = doubles();
  readonly #upper = doubles();
  readonly #cost = doubles();
  readonly #domain = integers();
  readonly #start = doubles();
  #hasStart = false;
  readonly #rowLower = doubles();
  readonly #rowUpper = doubles();
  readonly #rowStart = integers();
  readonly #columns = integers();
  readonly #values = doubles();
  /** Row in which each column stood last, plus 1, and where: terms of one column in one row add up. */
  readonly #seenIn = integers();
  readonly #seenAt = integers();

  constructor(
    private readonly highs: Highs,
    private readonly options: { readonly sense?: 'minimize' | 'maximize'; readonly offset?: number },
    private readonly solveModel: SolveModel,
  ) {}

  variables(name: string, count: number, options: VariableOptions = {}): Variables {
    const {
      domain = 'continuous',
      lower = 0,
      upper = domain === 'binary' ? 1 : Infinity,
      cost = 0,
      start,
    } = options;
    if (this.#blocks.has(name))
      throw new EngineError('ModelError', `The model has variables ${name} already`);
    const first = this.#cost.length;
    this.#blocks.set(name, { first, count });
    this.#lower.fill(count, lower, `lower of ${name}`);
    this.#upper.fill(count, upper, `upper of ${name}`);
    this.#cost.fill(count, cost, `cost of ${name}`);
    this.#domain.fill(count, DOMAIN[domain], name);
    this.#start.fill(count, start ?? NaN, `start of ${name}`);
    this.#hasStart ||= start !== undefined;
    this.#seenIn.fill(count, 0, name);
    this.#seenAt.fill(count, 0, name);
    return {
      name,
      count,
      at: (index) => {
        if (!(index >= 0 && index < count))
          throw new EngineError('ModelError', `${name} has ${count} variables; ${index} is none of them`);
        return first + index;
      },
    };
  }

  row(lower: number, upper: number): Row {
    this.#rowLower.push(lower);
    this.#rowUpper.push(upper);
    this.#rowStart.push(this.#columns.length);
    return this;
  }

  add(column: number, coefficient: number): Row {
    const row = this.#rowLower.length;
    if (row === 0 || !(column >= 0 && column < this.#cost.length))
      throw new EngineError(
        'ModelError',
        `A term needs a row and one of the ${this.#cost.length} columns; ${column} is none`,
      );
    if (this.#seenIn.get(column) === row) this.#values.add(this.#seenAt.get(column), coefficient);
    else {
      this.#seenIn.set(column, row);
      this.#seenAt.set(column, this.#columns.length);
      this.#columns.push(column);
      this.#values.push(coefficient);
    }
    return this;
  }

  solve(): Promise<Solution> {
    const { sense = 'minimize', offset = 0 } = this.options;
    const numCols = this.#cost.length;
    const numRows = this.#rowLower.length;
    const starts = new Int32Array(numRows + 1);
    starts.set(this.#rowStart.done());
    starts[numRows] = this.#columns.length;
    const matrix = {
      format: 'csr',
      numRows,
      numCols,
      starts,
      indices: this.#columns.done(),
      values: this.#values.done(),
    } as const;
    const integrality = this.#domain.done();
    const model: ModelData = {
      numCols,
      numRows,
      sense: this.highs.constants.objectiveSense[sense],
      offset,
      colCost: this.#cost.done(),
      colLower: this.#lower.done(),
      colUpper: this.#upper.done(),
      rowLower: this.#rowLower.done(),
      rowUpper: this.#rowUpper.done(),
      matrix,
      ...(integrality.some((type) => type !== 0) ? { integrality } : {}),
    };
    return this.solveModel(model, this.#hasStart ? this.#start.done() : undefined, {
      columns: () =>
        [...this.#blocks].flatMap(([name, { count }]) =>
          Array.from({ length: count }, (_, i) => `${name}[${i}]`),
        ),
      find: (name) => this.#blocks.get(name),
    });
  }
}
