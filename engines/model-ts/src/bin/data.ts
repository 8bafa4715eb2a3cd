import { serve } from '@openpro/engine/sdk';
import { dataHandlers } from '../data-session.js';

serve('model-ts', dataHandlers);
