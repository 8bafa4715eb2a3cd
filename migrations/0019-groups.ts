import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which groups a user is in. */
export class Groups implements MigrationInterface {
  readonly name = 'Groups0000000000019';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE user_list ADD groups jsonb NOT NULL DEFAULT '[]'`);
    await runner.query(`ALTER TABLE user_list ALTER groups DROP DEFAULT`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE user_list DROP groups`);
  }
}
