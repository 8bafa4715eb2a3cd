import '@mantine/core/styles.css';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { client } from './api.js';
import { App } from './app.js';
import { Notices } from './notices.js';
import { theme } from './theme.js';

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
