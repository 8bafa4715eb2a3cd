import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { AppEvent } from './app.js';

/** One app as its tile shows it: with the words of its latest version. */
export interface AppRow {
  /** `environment:name` */
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly latest: string;
  readonly updated_at: number;
}

type On = Extract<AppEvent, { type: 'LatestTagMoved' }>;

export const appList: Projection<AppRow, On> = {
  name: 'app_list',
  version: 1,
  columns: {
    id: 'text',
    environment: 'text',
    name: 'text',
    title: 'text',
    description: 'text',
    category: 'text',
    latest: 'text',
    updated_at: 'int8',
  },
  key: 'id',
  on: ['LatestTagMoved'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(_, { stream, at, event: { environment, name, version, title, description, category } }) {
    return {
      id: idOf(stream),
      environment,
      name,
      title,
      description,
      category,
      latest: version,
      updated_at: at,
    };
  },
};
