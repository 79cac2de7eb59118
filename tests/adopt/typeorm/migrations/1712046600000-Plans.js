const { Table } = require('typeorm');

module.exports = class Plans1712046600000 {
  name = 'Plans1712046600000';

  async up(queryRunner) {
    await queryRunner.createTable(
      new Table({
        name: 'plan',
        columns: [
          { name: 'code', type: 'text', isPrimary: true },
          { name: 'title', type: 'text' },
        ],
      }),
    );
    await queryRunner.query(`INSERT INTO plan VALUES ('free', 'Free'), ('team', $1)`, ["It's: for teams"]);
    await queryRunner.query(`ALTER TABLE "order" ADD "note" text`);
  }

  async down(queryRunner) {
    await queryRunner.query(`ALTER TABLE "order" DROP COLUMN "note"`);
    await queryRunner.dropTable('plan');
  }
};
