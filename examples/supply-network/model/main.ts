import { readFileSync } from 'node:fs';
import type { City } from './network.js';
import { supplyNetwork } from './supply-network.js';

/** Made by `examples/build.mjs`; lies beside the compiled model. */
const cities = JSON.parse(readFileSync(new URL('cities.json', import.meta.url), 'utf8')) as readonly City[];

export default supplyNetwork(cities);
