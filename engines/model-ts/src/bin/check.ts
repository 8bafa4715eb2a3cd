import { serve } from '@openpro/engine/sdk';
import { checkHandlers } from '../check.js';

serve('model-ts', checkHandlers);
