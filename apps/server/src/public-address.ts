import type { ServerConfig } from '@openpro/platform';
import os from 'node:os';

/** With the address that people use, where nobody has set one. */
export const withPublicUrl = (config: ServerConfig): ServerConfig => {
  const { port, tls } = config;
  const host = ['0.0.0.0', '::'].includes(config.host) ? os.hostname() : config.host; // one that a browser can open
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { ...config, publicUrl: config.publicUrl || `${tls ? 'https' : 'http'}://${authority}` };
};
