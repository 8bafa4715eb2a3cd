import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = 'http://127.0.0.1:4600';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../../dist/portal',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    // Charts and the map come in their own lazy chunks; the largest is ECharts itself.
    chunkSizeWarningLimit: 700,
  },
  server: { host: '127.0.0.1', proxy: { '/graphql': { target: server, ws: true }, '/api': server } },
});
