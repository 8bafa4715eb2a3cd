import { ActionIcon, Card, Group, Skeleton, Text, Title } from '@mantine/core';
import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { Row, TableSource } from '../table-source.js';
import { Icon } from '../ui/icons.js';
import type { Identifier, SessionData } from './data.js';
import { mapContent, type MapLayers } from './map-data.js';

const UsMap = lazy(() => import('../charts/us-map.js'));

/** A map of more would be a stain. */
const DRAWN = 20_000;
const MAX_ZOOM = 8;

/** All rows of these tables, read again whenever one of them has changed. */
const useRows = (sources: ReadonlyMap<string, TableSource>): ReadonlyMap<string, readonly Row[]> | null => {
  const [rows, setRows] = useState<ReadonlyMap<string, readonly Row[]> | null>(null);
  const versions = useSyncExternalStore(
    (listener) => {
      const stops = [...sources.values()].map(({ subscribe }) => subscribe(listener));
      return () => stops.forEach((stop) => stop());
    },
    () => [...sources.values()].map((source) => source.get().version).join(),
  );
  useEffect(() => {
    let here = true;
    const read = async () =>
      new Map(
        await Promise.all(
          [...sources].map(async ([name, source]) => [name, await source.all(DRAWN)] as const),
        ),
      );
    read().then(
      (all) => {
        if (here) setRows(all);
      },
      // The tables beside the map say what is wrong.
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [sources, versions]);
  return rows;
};

export const MapCard = ({ layers, data }: { layers: MapLayers<Identifier>; data: SessionData }) => {
  const [zoom, setZoom] = useState(1);
  const sources = useMemo(
    () =>
      new Map(
        [...layers.latitudes, ...layers.longitudes, ...layers.points, ...layers.arcs].map(({ name }) => [
          name,
          data.source(name),
        ]),
      ),
    [layers, data],
  );
  const rows = useRows(sources);
  const content = useMemo(() => rows && mapContent(layers, rows), [layers, rows]);
  const waiting = <Skeleton className="map" />;
  return (
    <Card component="section" aria-label="Map">
      <Group justify="space-between" mb="xs">
        <Title order={2}>Map</Title>
        <Group gap={4}>
          <ActionIcon
            variant="default"
            aria-label="Zoom in"
            disabled={zoom >= MAX_ZOOM}
            onClick={() => setZoom(zoom * 1.5)}
          >
            <Icon name="plus" size={16} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            aria-label="Zoom out"
            disabled={zoom <= 1}
            onClick={() => setZoom(Math.max(1, zoom / 1.5))}
          >
            <Icon name="minus" size={16} />
          </ActionIcon>
        </Group>
      </Group>
      {content ? (
        <Suspense fallback={waiting}>
          <UsMap content={content} zoom={zoom} />
        </Suspense>
      ) : (
        waiting
      )}
      <Text size="xs" c="dimmed" mt={4}>
        Drag to move; a name in the legend hides or shows its layer.
        {content && content.unplaced > 0 && ` ${content.unplaced} values have no coordinates.`}
      </Text>
    </Card>
  );
};
