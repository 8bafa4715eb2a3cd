import { type ComponentProps, type MouseEvent, useCallback, useMemo, useSyncExternalStore } from 'react';

const CHANGED = 'openpro:address';

export const navigate = (address: string, how: { replace?: boolean } = {}): void => {
  history[how.replace ? 'replaceState' : 'pushState'](null, '', address);
  dispatchEvent(new Event(CHANGED));
  if (!how.replace) scrollTo(0, 0);
};

const listen = (listener: () => void) => {
  addEventListener('popstate', listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener(CHANGED, listener);
  };
};

export const usePath = (): string => useSyncExternalStore(listen, () => location.pathname);

/** The filters of a list live in the address: shareable, and the back button works. */
export const useFilters = (): readonly [
  URLSearchParams,
  (changes: Record<string, string | null>) => void,
] => {
  const search = useSyncExternalStore(listen, () => location.search);
  const filters = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((changes: Record<string, string | null>) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes))
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
    const query = next.toString();
    navigate(location.pathname + (query && `?${query}`), { replace: true });
  }, []);
  return [filters, change];
};

/** A link of the portal; with a modifier key the browser does as it always does. */
export const Link = ({ href, onClick, ...rest }: ComponentProps<'a'> & { href: string }) => (
  <a
    href={href}
    onClick={(event: MouseEvent<HTMLAnchorElement>) => {
      onClick?.(event);
      if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
      )
        return;
      event.preventDefault();
      navigate(href);
    }}
    {...rest}
  />
);
