import '@mantine/core/styles.css';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { client } from './api.js';
import { App } from './app.js';
import { Notices } from './notices.js';
import { theme } from './theme.js';

// After an upgrade of the server the files that this page would still load are gone: start again with the new ones.
addEventListener('vite:preloadError', (event) => {
  const [key, now] = ['openpro:reloaded', Date.now()];
  if (now - Number(sessionStorage.getItem(key)) < 30_000) return;
  event.preventDefault();
  sessionStorage.setItem(key, String(now));
  location.reload();
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element "root"');

createRoot(root).render(
  <MantineProvider theme={theme} defaultColorScheme="auto">
    <Provider value={client}>
      <App />
      <Notices />
    </Provider>
  </MantineProvider>,
);
