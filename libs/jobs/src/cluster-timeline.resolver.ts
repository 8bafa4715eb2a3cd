import { Args, Query, Resolver, Subscription } from '@nestjs/graphql';
import { ClusterQueries, leader, nodeList } from '@openpro/cluster';
import { ReadSide } from '@openpro/eventstore';
import { LiveQueue, MAX_PAGE, Needs, pageRequest, type QueryClusterTimelineArgs } from '@openpro/platform';
import { sessionList } from '@openpro/sessions';
import { clusterTimeline } from './cluster-timeline.projection.js';
import { TimelineQueries } from './cluster-timeline.queries.js';
import { jobList } from './job-list.projection.js';

/** What the page of the cluster shows is folded into these. */
const SHOWN: ReadonlySet<string> = new Set(
  [nodeList, leader, clusterTimeline, jobList, sessionList].map(({ name }) => name),
);

/** A busy cluster changes many times a second: nobody can read faster than this. */
const INTERVAL_MS = 500;

@Resolver()
export class TimelineResolver {
  /** Asked for, and not yet begun. */
  private next: ReturnType<TimelineResolver['readNow']> | null = null;
  private lastAt = 0;

  constructor(
    private readonly timeline: TimelineQueries,
    private readonly cluster: ClusterQueries,
    private readonly readSide: ReadSide,
  ) {}

  @Query()
  @Needs('auditor')
  clusterTimeline(@Args() { first, after, node }: QueryClusterTimelineArgs) {
    return this.timeline.page(pageRequest(first ?? 50, after, 'position'), node ?? null);
  }

  @Subscription()
  @Needs('user', 'auditor')
  clusterChanged() {
    const news = new LiveQueue<null>((push) => {
      const stop = this.readSide.onCommitted(({ projection }) => {
        if (SHOWN.has(projection)) push(null);
      });
      const beats = setInterval(push, BEATS_MS, null);
      return () => {
        clearInterval(beats);
        stop();
      };
    });
    news.push(null);
    return news.map(async () => ({ clusterChanged: await this.read() }), true);
  }

  /** However many look, it is read once: who asks before a reading has begun shares it. */
  private read(): ReturnType<TimelineResolver['readNow']> {
    return (this.next ??= pause(this.lastAt + INTERVAL_MS - Date.now()).then(() => {
      this.next = null;
      this.lastAt = Date.now();
      return this.readNow();
    }));
  }

  private async readNow() {
    const [{ nodes }, newest] = await Promise.all([
      this.cluster.nodes({ first: MAX_PAGE, after: null }, false),
      this.timeline.newest(),
    ]);
    return { nodes, newest };
  }
}

/** Heartbeats are no events: so often they are looked at. */
const BEATS_MS = 5000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
