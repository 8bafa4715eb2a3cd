export { licence, type LicenceCommand, type LicenceEvent } from './licence.js';
export { licenceList, type LicenceRow } from './licence-list.projection.js';
export { licenceUse, type LicenceUseRow } from './licence-use.projection.js';
export { seatAttempts } from './seat-attempts.process.js';
export { seatSessions } from './seat-sessions.process.js';
export { ForLicence } from './licensing.commands.js';
export { LicensingModule } from './licensing.module.js';
export { LicenceQueries, type PlaceInLine } from './licensing.queries.js';
