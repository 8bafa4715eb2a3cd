import type { ElementSet } from '../sdk/app.js';
import { EngineError } from '../wire/engine-error.js';

const LIMITS = { elements: 10_000_000, length: 1000 } as const;

/** The elements of a set; tells its owner when they move, so that tables can follow. */
export class Elements implements ElementSet {
  #elements: readonly string[] = [];
  #positions: Map<string, number> | undefined;

  constructor(
    readonly name: string,
    /** `to[old position]` = new position, -1 when the element is gone; called before the set changes. */
    private readonly moved: (to: Int32Array, newSize: number) => void,
  ) {}

  get size(): number {
    return this.#elements.length;
  }

  get elements(): readonly string[] {
    return this.#elements;
  }

  position(element: string): number {
    return this.#index().get(element) ?? -1;
  }

  replace(elements: readonly string[]): void {
    const old = this.#elements;
    if (elements === old) return;
    if (elements.length === old.length && elements.every((element, i) => element === old[i])) return;
    const positions = this.#check(elements);
    this.moved(
      Int32Array.from(old, (element) => positions.get(element) ?? -1),
      elements.length,
    );
    this.#elements = Object.isFrozen(elements) ? elements : Object.freeze([...elements]);
    this.#positions = positions;
  }

  /** A way back to the elements of now. */
  keep(): () => void {
    const [elements, positions] = [this.#elements, this.#positions];
    return () => {
      this.#elements = elements;
      this.#positions = positions;
    };
  }

  #index(): Map<string, number> {
    return (this.#positions ??= new Map(this.#elements.map((element, i) => [element, i])));
  }

  #check(elements: readonly string[]): Map<string, number> {
    const wrong = (problem: string): EngineError =>
      new EngineError('BadElements', `The set ${this.name} ${problem}`);
    if (elements.length > LIMITS.elements)
      throw wrong(`would have ${elements.length} elements: at most ${LIMITS.elements} are allowed`);
    const positions = new Map<string, number>();
    for (const [i, element] of elements.entries()) {
      if (typeof element !== 'string' || element === '' || element.length > LIMITS.length)
        throw wrong(`must have elements of 1 to ${LIMITS.length} characters; number ${i + 1} is not one`);
      if (positions.has(element)) throw wrong(`would have the element "${element.slice(0, 100)}" twice`);
      positions.set(element, i);
    }
    return positions;
  }
}
