/**
 * A map in order of its keys that is never changed in place: `set` and `delete` share all but
 * log n nodes with the map before. A weight-balanced tree (Adams 1993; Hirai and Yamamoto 2011
 * for the parameters): no subtree is more than three times as heavy as its sibling.
 */
export type SortedMap<V> = Tree<V> | null;

interface Tree<V> {
  readonly key: string;
  readonly value: V;
  readonly size: number;
  readonly left: SortedMap<V>;
  readonly right: SortedMap<V>;
}

const DELTA = 3;
const RATIO = 2;

export const size = <V>(map: SortedMap<V>): number => map?.size ?? 0;

const weight = <V>(map: SortedMap<V>): number => size(map) + 1;

const tree = <V>(left: SortedMap<V>, { key, value }: Tree<V>, right: SortedMap<V>): Tree<V> => ({
  key,
  value,
  size: size(left) + size(right) + 1,
  left,
  right,
});

const rotateLeft = <V>(left: SortedMap<V>, middle: Tree<V>, right: Tree<V>): Tree<V> =>
  right.left && weight(right.left) >= RATIO * weight(right.right)
    ? tree(tree(left, middle, right.left.left), right.left, tree(right.left.right, right, right.right))
    : tree(tree(left, middle, right.left), right, right.right);

const rotateRight = <V>(left: Tree<V>, middle: Tree<V>, right: SortedMap<V>): Tree<V> =>
  left.right && weight(left.right) >= RATIO * weight(left.left)
    ? tree(tree(left.left, left, left.right.left), left.right, tree(left.right.right, middle, right))
    : tree(left.left, left, tree(left.right, middle, right));

const balanced = <V>(left: SortedMap<V>, middle: Tree<V>, right: SortedMap<V>): Tree<V> => {
  if (right && weight(right) > DELTA * weight(left)) return rotateLeft(left, middle, right);
  if (left && weight(left) > DELTA * weight(right)) return rotateRight(left, middle, right);
  return tree(left, middle, right);
};

export const get = <V>(map: SortedMap<V>, key: string): V | undefined => {
  let at = map;
  while (at && at.key !== key) at = key < at.key ? at.left : at.right;
  return at?.value;
};

export const set = <V>(map: SortedMap<V>, key: string, value: V): SortedMap<V> => {
  if (!map) return { key, value, size: 1, left: null, right: null };
  if (key < map.key) return balanced(set(map.left, key, value), map, map.right);
  if (key > map.key) return balanced(map.left, map, set(map.right, key, value));
  return { ...map, value };
};

const first = <V>(map: Tree<V>): Tree<V> => (map.left ? first(map.left) : map);

export const remove = <V>(map: SortedMap<V>, key: string): SortedMap<V> => {
  if (!map) return null;
  if (key < map.key) {
    const left = remove(map.left, key);
    return left === map.left ? map : balanced(left, map, map.right);
  }
  if (key > map.key) {
    const right = remove(map.right, key);
    return right === map.right ? map : balanced(map.left, map, right);
  }
  if (!map.left || !map.right) return map.left ?? map.right;
  const next = first(map.right);
  return balanced(map.left, next, remove(map.right, next.key));
};

/** How many keys come before `key`. */
export const rank = <V>(map: SortedMap<V>, key: string): number => {
  let before = 0;
  for (let at = map; at;)
    if (key <= at.key) at = at.left;
    else {
      before += size(at.left) + 1;
      at = at.right;
    }
  return before;
};

/** In order of the keys. */
export function* values<V>(map: SortedMap<V>): Generator<V, undefined> {
  const above: Tree<V>[] = [];
  for (let at = map; at || above.length > 0;) {
    for (; at; at = at.left) above.push(at);
    const top = above.pop();
    if (!top) return;
    yield top.value;
    at = top.right;
  }
}
