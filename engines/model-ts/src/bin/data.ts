import { serve } from '@openpro/engine/sdk';
import { warmUpModules } from '../app.js';
import { dataHandlers } from '../data-session.js';

serve('model-ts', dataHandlers, () => warmUpModules());
