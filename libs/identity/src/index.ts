export { environment, type EnvironmentCommand, type EnvironmentEvent } from './environment.js';
export { signInList, type SignInRow } from './sign-in.projection.js';
export { ROLES, user, type UserCommand, type UserEvent } from './user.js';
export { userList, type UserRow } from './user-list.projection.js';
