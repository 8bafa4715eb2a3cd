export { environment, type EnvironmentCommand, type EnvironmentEvent } from './environment.js';
export { signInList, type SignInRow } from './sign-in.projection.js';
export { user, type UserCommand, type UserEvent } from './user.js';
export { userList, type UserRow } from './user-list.projection.js';
export { Authenticator, tokenOf } from './authenticator.js';
export { ForEnvironment, ForUser } from './identity.commands.js';
export { IdentityModule } from './identity.module.js';
export { IdentityQueries } from './identity.queries.js';
export { SignInLinks } from './sign-in-links.js';
