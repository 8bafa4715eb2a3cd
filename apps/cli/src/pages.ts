import type { Command } from 'commander';
import { parseInteger } from './values.js';

const MAX_PAGE = 200;
const DEFAULT_LIMIT = 50;

export interface PageOptions {
  readonly limit: number;
}

export const addLimit = (command: Command): Command =>
  command.option(
    '--limit <count>',
    'at most so many',
    (text) => parseInteger(text, 'limit', 1, 100_000),
    DEFAULT_LIMIT,
  );

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The first `limit` nodes of a list, page by page. */
export const allPages = async <Node>(
  limit: number,
  load: (page: { first: number; after: string | null }) => Promise<Page<Node>>,
): Promise<Node[]> => {
  const nodes: Node[] = [];
  for (let after: string | null = null; nodes.length < limit;) {
    const page: Page<Node> = await load({ first: Math.min(MAX_PAGE, limit - nodes.length), after });
    nodes.push(...page.nodes);
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage || after === null) break;
  }
  return nodes;
};
